/** NAME.map.json: where the rules of a compiled policy were written. */
import type { RuleOrigin, SourceMap } from '../compiler/front/index.ts'
import type { PolicyModel } from '../compiler/model/index.ts'

/**
 * Reads a source map that `kavach compile` wrote. `undefined` when the text is none, or is that of another policy: some rule
 * of `model` is not in it, or is of another kind there.
 */
export function parseSourceMap(text: string, model: PolicyModel): SourceMap | undefined {
  const json = parseJson(text)
  if (!isRecord(json) || json.version !== 1 || !Array.isArray(json.rules)) return undefined
  const rules: RuleOrigin[] = []
  for (const row of json.rules) {
    const rule = toOrigin(row)
    if (rule?.id !== rules.length) return undefined
    rules.push(rule)
  }
  return kindsOfRules(model).every(([id, kind]) => rules[id]?.kind === kind) ? { rules } : undefined
}

function kindsOfRules(model: PolicyModel): readonly (readonly [number, RuleOrigin['kind']])[] {
  const holders = [...model.roles, ...model.agents, ...model.delegations, ...(model.boundary ? [model.boundary] : [])]
  return [
    ...holders.flatMap(({ grants }) => grants.map(({ id }) => [id, 'allow'] as const)),
    ...model.forbids.map(({ id }) => [id, 'forbid'] as const),
    ...model.requires.map(({ id }) => [id, 'require'] as const),
    ...model.limits.map(({ id }) => [id, 'limit'] as const),
  ]
}

const KINDS = ['allow', 'forbid', 'require', 'limit'] as const
const HOLDERS = ['role', 'agent', 'delegation', 'boundary', 'policy'] as const

function toOrigin(row: unknown): RuleOrigin | undefined {
  if (!isRecord(row) || !isRecord(row.holder)) return undefined
  const { id, path, line, column, start, end } = row
  const kind = KINDS.find((known) => known === row.kind)
  const holder = HOLDERS.find((known) => isRecord(row.holder) && known === row.holder.kind)
  const { name } = row.holder
  if (kind === undefined || holder === undefined || typeof name !== 'string' || typeof path !== 'string')
    return undefined
  if (!isCount(id) || !isCount(line) || !isCount(column) || !isCount(start) || !isCount(end)) return undefined
  return { id, kind, path, line, column, span: { start, end }, holder: { kind: holder, name } }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
