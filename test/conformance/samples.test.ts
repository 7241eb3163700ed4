/**
 * The TypeScript samples of the published documents, read where they lie: each runs as printed, as a module of an application
 * that is supplied around it, and type-checks there.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transformSync } from 'rolldown/utils'
import { beforeAll, describe, expect, test } from 'vitest'
import { newApplication, typeErrorsOf } from '../fixtures/application.ts'
import { extractConstraints, extractSamples, type Sample } from './extract.ts'
import { CONSTRAINTS, LEFT, SURROUNDINGS, type Surrounding } from './surroundings.ts'

const SEEDS = join(process.env.KAVACH_CONFORMANCE ?? '', 'seeds')
const documents = new Map(
  readdirSync(SEEDS)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => [name.slice(0, 3), readFileSync(join(SEEDS, name), 'utf8')]),
)
const samples = new Map([...documents].map(([document, text]) => [document, extractSamples(text)]))
const constraints = [...documents.values()].flatMap(extractConstraints)

const FOLDER = newApplication('conformance')
const MARK = 'outcome: '

function sampleOf(document: string, index: number): Sample {
  const sample = samples.get(document)?.[index]
  if (sample === undefined) throw new Error(`document ${document} has no sample ${index}`)
  return sample
}

/** The sample, untouched, in the function of an application; imports stand at the top of a module. */
function moduleOf({ document, index, imports = '', before = '', after = '' }: Surrounding): string {
  const sample = sampleOf(document, index)
  return `${sample.imports}
${imports}
const outcome = await (async () => {
${before}
${sample.body}
${after}
})()
console.log(${JSON.stringify(MARK)} + JSON.stringify(outcome))
`
}

function constraintModule(printed: string, body: string): string {
  return `import { createKavach } from 'kavachos'
const started = Date.now
let moved = 0
Date.now = () => started() + moved
const clock = (text: string) => { moved = Date.parse(text) - started() }
clock('2026-04-01T12:00:00Z')
const kavach = await createKavach({ database: { provider: 'sqlite', url: ':memory:' } })
const { agent } = await kavach.agents.create({
  userId: 'user_123',
  name: 'bound',
  type: 'autonomous',
  permissions: [{ resource: '**', actions: ['read', 'write'] }],
  constraints: ${printed},
})
type Asked = { resource: string; action?: string; ip?: string; cost?: number; args?: Record<string, unknown> }
const ask = async (asked: Asked) => (await kavach.authorize(agent.id, { action: 'read', ...asked })).reason
const outcome = await (async () => {
${body}
})()
console.log(${JSON.stringify(MARK)} + JSON.stringify(outcome))
`
}

function constraintOf(name: string): string {
  const found = constraints.find((printed) => printed.startsWith(`{ ${name}:`))
  if (found === undefined) throw new Error(`no document prints \`${name}\``)
  return found
}

const MODULES = [
  ...SURROUNDINGS.map((surrounding, i) => {
    const { document, index, claim, outcome, printed = [] } = surrounding
    const { line } = sampleOf(document, index)
    return {
      name: `${document}-${line}-${i}`,
      claim: `document ${document}, line ${line}: ${claim}`,
      text: moduleOf(surrounding),
      outcome,
      printed,
    }
  }),
  ...CONSTRAINTS.map(({ name, body, outcome }) => ({
    name,
    claim: `\`${constraintOf(name)}\` does what its name says`,
    text: constraintModule(constraintOf(name), body),
    outcome,
    printed: [],
  })),
]

beforeAll(() => {
  for (const { name, text } of MODULES) {
    writeFileSync(join(FOLDER, `${name}.ts`), text)
    const { code, errors } = transformSync(`${name}.ts`, text)
    if (errors.length > 0) throw new Error(`${name}: ${JSON.stringify(errors)}`)
    writeFileSync(join(FOLDER, `${name}.js`), code)
  }
})

test('every document has the samples that it had, and each runs or is left by name', () => {
  const counts = Object.fromEntries([...samples].map(([document, found]) => [document, found.length]))
  expect(counts).toEqual({ '000': 3, '001': 0, '002': 9, '003': 1, '004': 1 })
  expect(constraints.length).toBe(CONSTRAINTS.length)
  const covered = new Set([...SURROUNDINGS, ...LEFT].map(({ document, index }) => `${document} ${index}`))
  const all = [...samples].flatMap(([document, found]) => found.map((_, index) => `${document} ${index}`))
  expect([...covered].sort()).toEqual(all.sort())
})

test('the samples type-check', () => {
  expect(typeErrorsOf(FOLDER)).toBe('')
})

test.each(MODULES)('$claim', ({ name, outcome, printed }) => {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-sample-'))
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(FOLDER, `${name}.js`)], {
    cwd: folder,
    env: { ...process.env, KAVACH_SECRET: 'a secret of more than thirty-two bytes' },
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  // A host that nobody gave a key says so: the documents' samples do not.
  const said = stderr.replace(/^kavachos: checkpoints are .*\n/gm, '')
  expect({ status, said }).toEqual({ status: 0, said: '' })
  const lines = stdout.trimEnd().split('\n')
  const last = lines.pop()?.slice(MARK.length) ?? ''
  expect({ printed: lines, outcome: last === 'undefined' ? undefined : JSON.parse(last) }).toEqual({ printed, outcome })
})

describe('what the texts call', () => {
  const called = [...documents.values()].flatMap((text) =>
    [...text.matchAll(/\b(?:kavachos?\.)?agents\.(\w+)\(/g)].map(([, method = '']) => method),
  )

  test('is there', async () => {
    const { createKavach } = await import('../../index.ts')
    const kavach = await createKavach({ database: { provider: 'sqlite', url: ':memory:' } })
    const methods: Readonly<Record<string, unknown>> = { ...kavach.agents }
    expect(new Set(called).size).toBeGreaterThan(6)
    expect([...new Set(called)].filter((method) => typeof methods[method] !== 'function')).toEqual([])
  })
})
