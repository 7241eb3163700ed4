/** The policies of `policies/`, exported and asked what their own rules speak of. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { acceptsText, compilePattern } from '../../../compiler/algebra/index.ts'
import { type CedarExport, toCedar, toCedarRequest } from '../../../compiler/analyze/index.ts'
import { emitImage } from '../../../compiler/emit/index.ts'
import { checkPolicy } from '../../../compiler/front/index.ts'
import {
  type AtomModel,
  formatAddress,
  type GrantModel,
  type PatternLiteral,
  type PatternSegment,
  type PolicyModel,
  type ScopeModel,
} from '../../../compiler/model/index.ts'
import { type EngineRequest, loadEngine } from '../../../engine-wasm/host/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { createCedar } from './cedar.ts'

const FOLDERS = readdirSync('policies')
const MONDAY = Date.UTC(2026, 2, 30)

test.each(FOLDERS)(
  'Cedar allows nothing that policies/%s denies',
  (folder) => {
    const counts = compare(modelOf(folder))
    console.log(`${folder}: ${JSON.stringify(counts)}`)
    expect(counts.requests).toBeGreaterThan(50)
  },
  120_000,
)

test('without meters and approvals Cedar decides the policies as the engine does, where no regex is asked', () => {
  const all = FOLDERS.map((folder) => compare(withoutMeters(modelOf(folder))))
  const sum = (count: (of: Counts) => number) => all.reduce((total, counts) => total + count(counts), 0)
  const total = { exact: sum(({ exact }) => exact), allowed: sum(({ exactAllowed }) => exactAllowed) }
  console.log(`without meters: ${JSON.stringify(all)}, ${JSON.stringify(total)}`)
  expect(total.exact).toBeGreaterThan(500)
  expect(total.allowed).toBeGreaterThan(50)
}, 120_000)

interface Counts {
  readonly requests: number
  readonly allowed: number
  /** No rule that was left out had a say. */
  readonly exact: number
  readonly exactAllowed: number
}

function compare(model: PolicyModel): Counts {
  const exported = toCedar(model)
  const cedar = createCedar(exported)
  const engine = loadEngine(emitImage(model))
  const isExact = exactnessOf(model, exported)
  const counts = { requests: 0, allowed: 0, exact: 0, exactAllowed: 0 }
  for (const request of requestsOf(model)) {
    const answer = cedar.ask(toCedarRequest(exported, request))
    const { allowed } = engine.decide({ ...request, readings: {} }, { charge: 'caller' })
    counts.requests++
    if (answer === 'allow') counts.allowed++
    if (!isExact(request)) {
      if (answer === 'allow') expect(allowed, JSON.stringify(request)).toBe(true)
      continue
    }
    counts.exact++
    if (allowed) counts.exactAllowed++
    expect(answer, JSON.stringify(request)).toBe(allowed ? 'allow' : 'deny')
  }
  return counts
}

function withoutMeters(model: PolicyModel): PolicyModel {
  const bare = ({ limits: _, approval: __, ...grant }: GrantModel): GrantModel => grant
  return {
    ...model,
    roles: model.roles.map((role) => ({ ...role, grants: role.grants.map(bare) })),
    agents: model.agents.map(({ limits: _, ...agent }) => ({ ...agent, grants: agent.grants.map(bare) })),
    requires: model.requires.filter(({ approval }) => approval === undefined),
    limits: [],
  }
}

function modelOf(name: string): PolicyModel {
  const folder = join('policies', name)
  const names = readdirSync(folder).filter((name) => name.endsWith('.kavach'))
  const parsed = names.sort().map((file) => parsePolicy(file, readFileSync(join(folder, file), 'utf8')))
  const { model, diagnostics } = checkPolicy(
    parsed.map(({ file }) => file),
    { loadCatalog: (path) => readFileSync(join(folder, path), 'utf8') },
  )
  if (model === undefined) throw new TypeError(JSON.stringify(diagnostics))
  return model
}

/** Whether no rule that was left out, or made wider, has a say in a request. */
function exactnessOf(model: PolicyModel, { skipped }: CedarExport): (request: EngineRequest) => boolean {
  const left = new Set(skipped.flatMap(({ effect, rule }) => (effect === 'apart' || rule === undefined ? [] : [rule])))
  const agents = new Set(skipped.flatMap(({ subject, rule }) => (rule === undefined ? [subject] : [])))
  const rules = rulesOf(model).filter(({ id }) => left.has(id))
  const automata = new Map(rules.map((rule) => [rule, rule.patterns.map((pattern) => compilePattern(pattern))]))
  return ({ agent, action, resource }) =>
    !agents.has(`agent ${agent}`) &&
    !rules.some(
      (rule) =>
        (rule.actions === undefined || rule.actions.includes(action)) &&
        (automata.get(rule) ?? []).some((dfa) => acceptsText(dfa, resource)),
    )
}

type Rule = ScopeModel & {
  readonly id: number
  readonly when?: readonly AtomModel[]
  readonly unless?: readonly AtomModel[]
}

function rulesOf({ agents, roles, forbids, requires, limits }: PolicyModel): readonly Rule[] {
  return [
    ...agents.flatMap(({ grants }) => grants),
    ...roles.flatMap(({ grants }) => grants),
    ...forbids,
    ...requires,
    ...limits,
  ]
}

/** Every agent asks for what every rule speaks of, with the facts that the rule wants, and without any. */
function requestsOf(model: PolicyModel): readonly EngineRequest[] {
  const agents = [...model.agents.map(({ name }) => name), 'nobody']
  return rulesOf(model).flatMap((rule) =>
    agents.flatMap((agent) =>
      [...(rule.actions ?? ['read', 'other'])].flatMap((action) =>
        rule.patterns.flatMap(instancesOf).flatMap((resource): readonly EngineRequest[] => {
          const call = { agent, action, resource }
          const facts = factsOf([...(rule.when ?? []), ...(rule.unless ?? [])])
          return [
            call,
            { ...call, ...BASE, ...facts },
            { ...call, ...BASE, ...facts, args: { ...facts.args, extra: 1 } },
          ]
        }),
      ),
    ),
  )
}

const BASE = { now: MONDAY + 10 * 3_600_000, ip: '10.0.0.1', trust: 80, cost: 0.25 }

/** A resource that the pattern matches, and one beside it. */
function instancesOf({ segments, rest }: PatternLiteral): readonly string[] {
  const texts = segments.map((segment) => textOf(segment) || 'x')
  const first = [...texts, ...(rest ? ['r', 's'] : [])].join(':')
  return [first, `${first}x`]
}

function textOf(segment: PatternSegment): string {
  return segment
    .map((part) => (part.kind === 'text' ? part.text : part.kind === 'any' ? 'w' : textOf(part.options[0] ?? [])))
    .join('')
}

/** Facts that the atoms want, as far as that is simply said. */
function factsOf(atoms: readonly AtomModel[]): { readonly args: object } & Partial<EngineRequest> {
  let args: object = {}
  let facts: Partial<EngineRequest> = {}
  for (const atom of atoms) {
    switch (atom.kind) {
      case 'ip-in':
        facts = { ...facts, ip: formatAddress(atom.ranges[0]?.low ?? 0n) }
        break
      case 'time-in':
        facts = { ...facts, now: MONDAY + (atom.ranges[0]?.from ?? 0) * 60_000 }
        break
      case 'number':
        facts = { ...facts, [atom.root]: Number(atom.units) / 1e9 }
        break
      case 'arg-strings':
        args = withArg(args, atom.path, atom.values[0])
        break
      case 'arg-number':
        args = withArg(args, atom.path, Number(atom.units) / 1e9)
        break
      case 'arg-numbers':
        args = withArg(args, atom.path, Number(atom.values[0]) / 1e9)
        break
      case 'arg-boolean':
        args = withArg(args, atom.path, atom.values[0])
        break
      case 'len':
        args = withArg(args, atom.path, 'x'.repeat(Math.min(4, Number(atom.units / 1_000_000_000n))))
        break
      default:
    }
  }
  return { ...facts, args }
}

function withArg(object: object, [name = '', ...deeper]: readonly string[], value: unknown): object {
  const inner: unknown = Object.entries(object).find(([key]) => key === name)?.[1]
  const below = typeof inner === 'object' && inner !== null ? inner : {}
  return { ...object, [name]: deeper.length === 0 ? value : withArg(below, deeper, value) }
}
