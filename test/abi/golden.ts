/** 500 requests to the policy of acme and to random ones, with what was made at run time. */
import { readFileSync } from 'node:fs'
import { render } from '../properties/generate/piece.ts'
import { filesOf, generatePolicy } from '../properties/generate/policy.ts'
import { Random } from '../properties/generate/random.ts'
import { createRequests, type GeneratedRequest } from '../properties/generate/request.ts'
import { generateState } from '../properties/generate/state.ts'
import { createSubject } from '../properties/subject.ts'
import { type Compiled, compileFolder, compilePolicy } from './compiled.ts'

export interface Golden extends Compiled {
  readonly name: string
  readonly state: { readonly revoked: readonly string[]; readonly suspended: readonly string[] }
  readonly requests: readonly GeneratedRequest[]
}

const COUNT = 500
const REQUESTS = 13

/** Acme's own requests, then random policies with as many requests each, until there are 500. */
export const GOLDEN: readonly Golden[] = makeGolden()

function makeGolden(): readonly Golden[] {
  const acme = readFileSync('policies/acme/requests.ndjson', 'utf8').trim().split('\n')
  const golden: Golden[] = [
    {
      name: 'acme',
      ...compileFolder('acme'),
      state: { revoked: [], suspended: [] },
      requests: acme.map((line) => ({ value: JSON.parse(line), possible: false })),
    },
  ]
  let left = COUNT - acme.length
  for (let number = 0; left > 0; number++) {
    golden.push(randomGolden(number, Math.min(REQUESTS, left)))
    left -= REQUESTS
  }
  return golden
}

function randomGolden(number: number, count: number): Golden {
  const random = new Random(Math.imul(number + 1, 0x9e3779b1))
  const generated = generatePolicy(random)
  const { state, aim } = generateState(random, generated.aim)
  const sources = filesOf(render(generated.piece)).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const { reference } = createSubject(sources, state)
  const source = createRequests(random, aim, ({ value, possible }) => reference.decide(value, { possible }))
  const compiled = compilePolicy(...sources.map(({ text }) => text))
  return { name: `random ${number}`, ...compiled, state, requests: Array.from({ length: count }, () => source.next()) }
}
