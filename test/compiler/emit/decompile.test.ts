import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { decompileImage, digestOf, emitImage, emitState } from '../../../compiler/emit/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import { type PolicyModel, parseState } from '../../../compiler/model/index.ts'
import * as layout from '../../../engine-wasm/format/layout.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { loadCases } from '../../corpus/case-file.ts'
import { checkCase } from '../../corpus/subject.ts'
import { render } from '../../properties/generate/piece.ts'
import { filesOf, generatePolicy } from '../../properties/generate/policy.ts'
import { Random } from '../../properties/generate/random.ts'
import { modelOf } from './model.ts'

const EVERYTHING = `
autonomous agent writer {
  owner "team"
  expires at 2027-01-01T00:00:00Z
  allow write, append on **, doc:a, log:*
    when agent.type in [autonomous, service] and agent.owner in ["team", "b"] and agent.owner matches /t.*/
      and ip in cidr [10.0.0.0/8, 2001:db8::/32] and not time in hours mon-fri 09:00-17:00
      and trust >= 2.5 and cost <= 10 and args only [n, text, flag, mode, net, at, deep]
      and args.n = 1.5 and args.n in [1.5, -2] and len.text <= 10 and args.flag in [true]
      and args.mode in ["a", "b"] and args.net in cidr [10.0.0.0/8] and args.at in hours daily 01:00-02:00
      and args.deep.mode matches /x+/i
    needs approval by "boss" within 1h
    rate 3 per day each resource
    rate 4 per minute, 20 per hour each tenant
    estimate 0.25 USD
  allow read on x needs approval
  limit budget 2.00 USD per day, 30 USD per month throttle at 80% to 6 per minute
  limit rate 9 per hour
  may delegate depth 0
}
service agent robot {}
delegated agent third { may delegate depth 3 }
delegate writer -> robot {
  allow * on doc:*:x, a*b*:c:**, pr-*:b when args.flag = true
  expires in 30m
  depth 1
}
delegate writer -> robot {
  allow read on doc:a rate 1 per minute
  expires at 2026-05-01T00:00:00Z
  limit rate 5 per day each owner
}
forbid delete on ** when trust <= 1 unless trust >= 90
forbid delete on x
require approval by "a" for write on doc:a
require trust >= 5 and ip in cidr [::1] for * on doc:**
limit rate 9 per minute for * on ** each tenant
limit budget 9 USD per day for read on doc:** each owner
limit rate 1 per minute for read on doc:**
limit rate 2 per minute, 4 per hour for read on doc:** each agent
boundary runtime {
  allow read on doc:a when args only [x]
  may delegate depth 2
  limit rate 100 per day
}`

test('the model of an image is the model that it was made of', () => {
  const model = { ...modelOf(EVERYTHING), generation: 2 ** 53 - 1, notBefore: 0, notAfter: 1_800_000_000_000 }
  expect(decompileImage(emitImage(model))).toEqual(model)
})

test('a policy without anything is read back', () => {
  const model = modelOf('')
  expect(decompileImage(emitImage(model))).toEqual(model)
})

test('what an image does not hold is replaced: names of roles, alternatives, the order of actions', () => {
  const model = modelOf(`
role reader { allow write, read on {a,b}:* }
role other includes reader { allow read on x }
autonomous agent a { roles other, reader }
autonomous agent b { allow read on x }`)
  const grant = { ...model.agents[1]?.grants[0], id: 1 }
  const text = (value: string) => ({ kind: 'text', text: value })
  const split = {
    id: 0,
    actions: ['read', 'write'],
    patterns: ['a', 'b'].map((name) => ({ segments: [[text(name)], [{ kind: 'any' }]], rest: false })),
  }
  expect(decompileImage(emitImage(model))).toEqual({
    ...model,
    roles: [
      { name: 'role-0', grants: [split] },
      { name: 'role-1', grants: [split, grant] },
    ],
    agents: [{ ...model.agents[0], roles: [0, 1] }, model.agents[1]],
  })
})

test('a pattern without a text of its own comes back as its automaton, and is emitted as the same', () => {
  const model = modelOf('autonomous agent a { allow read on v{1,2}-*:x, plain, *-z:q, {a*,b}:c }')
  const image = emitImage(model)
  const read = decompileImage(image)
  const [grant] = read.agents[0]?.grants ?? []
  expect(grant?.patterns.length).toBe(2)
  expect(grant?.automata?.length).toBe(2)
  expect(emitImage(read)).toEqual(image)
})

/** Returns what was read back. */
function expectSame(model: PolicyModel, what: string): PolicyModel {
  const image = emitImage(model)
  const read = decompileImage(image)
  expect(Buffer.compare(emitImage(read), image), what).toBe(0)
  return read
}

test('a random policy that was read back gives the same bytes again', () => {
  const random = new Random(20_261_125)
  let automata = 0
  for (let turn = 0; turn < 100; turn++) {
    const text = render(generatePolicy(random).piece)
    const files = filesOf(text).map((file) => parsePolicy(file.path, file.text).file)
    const { model } = checkPolicy(files)
    if (model === undefined) throw new Error(`the policy has errors:\n${text}`)
    const read = expectSame(model, text)
    const holders = [...read.agents, ...read.roles, ...read.delegations]
    for (const { grants } of holders) for (const grant of grants) automata += grant.automata?.length ?? 0
  }
  expect(automata).toBeGreaterThan(0)
}, 120_000)

test('every policy of the corpus that was read back gives the same bytes again', () => {
  const models = loadCases().flatMap((each) => {
    const { model } = checkCase(each)
    return model === undefined ? [] : [{ name: each.name, model }]
  })
  expect(models.length).toBeGreaterThan(50)
  for (const { name, model } of models) expectSame(model, name)
}, 120_000)

test.each(readdirSync('policies'))('policies/%s read back gives the same bytes again', (name) => {
  const folder = join('policies', name)
  const paths = readdirSync(folder).filter((path) => path.endsWith('.kavach'))
  const files = paths
    .sort()
    .map((path) => parsePolicy(join(folder, path), readFileSync(join(folder, path), 'utf8')).file)
  const { model } = checkPolicy(files, { loadCatalog: (path, from) => readFileSync(join(dirname(from), path), 'utf8') })
  if (model === undefined) throw new Error('the policy has errors')
  expectSame(model, name)
})

test('rules of more than thirty actions, however they are listed, are read back', () => {
  const many = Array.from({ length: 40 }, (_, index) => `act${index}`)
  const listed = (names: readonly string[]) => names.join(', ')
  const model = modelOf(
    `autonomous agent a {
  allow ${listed(many)} on x
  allow ${listed([...many].reverse())} on y
  allow act39 on z
}`,
  )
  expectSame(model, 'many actions')
  const [first, second, third] = decompileImage(emitImage(model)).agents[0]?.grants ?? []
  expect([first?.actions?.length, second?.actions, third?.actions]).toEqual([40, first?.actions, ['act39']])
})

test('a record of run time is no policy', () => {
  const made = parseState({ agents: [{ name: 'rt', type: 'delegated', permissions: [] }] })
  const [record] = made.ok ? emitState(made.value) : []
  expect(() => decompileImage(record ?? new Uint8Array())).toThrow('it holds no policy but a run-time record')
})

test('a damaged image is a RangeError, whatever was changed', () => {
  const image = emitImage(modelOf(EVERYTHING))
  const random = new Random(7)
  let refused = 0
  for (let turn = 0; turn < 600; turn++) {
    const copy = image.slice()
    const at = random.between(layout.H_SECTIONS, copy.length - 1)
    copy[at] = random.between(0, 255)
    copy.set(digestOf(copy), layout.H_DIGEST)
    try {
      decompileImage(copy)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      refused++
    }
  }
  expect(refused).toBeGreaterThan(40)
}, 120_000)

test('what the model cannot say is refused', () => {
  const image = emitImage(modelOf('autonomous agent a { allow read on x }')).slice()
  new DataView(image.buffer).setBigUint64(layout.H_GENERATION, 2n ** 60n, true)
  image.set(digestOf(image), layout.H_DIGEST)
  expect(() => decompileImage(image)).toThrow('1152921504606846976 is beyond 2^53')
})
