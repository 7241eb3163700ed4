/** Conditions on a tool's arguments fit its input schema. */
import type { AtomNode, ConditionNode, LiteralNode, Name, PolicyFile, Span } from '../../../grammar/index.ts'
import { nearest } from '../../../grammar/index.ts'
import type { ArgumentSchema, CatalogTool, ScalarType } from '../catalog.ts'
import { type CheckContext, spanOf } from './context.ts'

/**
 * KV3005 (no tool has the argument), KV3006 (no tool has it with that type), KV3007 (a value that no tool accepts).
 *
 * One tool that fits is enough: the rule then simply does not apply to the others.
 */
export function checkToolArguments(
  context: CheckContext,
  file: PolicyFile,
  condition: ConditionNode,
  tools: readonly CatalogTool[],
): void {
  const inputs = tools.map((tool) => tool.input)
  for (const atom of condition.atoms) {
    if (atom.kind === 'args-only') {
      for (const name of atom.names) findArgument(context, file, { inputs, names: [name], span: name, tools })
    } else if (atom.path.root === 'args' || atom.path.root === 'len') {
      const found = findArgument(context, file, { inputs, names: atom.path.names, span: atom.path, tools })
      if (found.length > 0) checkTypes(context, file, atom, found)
    }
  }
}

interface Search {
  readonly inputs: readonly ArgumentSchema[]
  readonly names: readonly Name[]
  readonly span: Span
  readonly tools: readonly CatalogTool[]
}

/** The schemas of the argument in the tools that have it; reports when none has. */
function findArgument({ report }: CheckContext, file: PolicyFile, search: Search): readonly ArgumentSchema[] {
  let schemas = search.inputs
  for (const name of search.names) {
    const next = schemas.flatMap((schema) => memberOf(schema, name.text))
    if (next.length === 0) {
      const known = schemas.flatMap((schema) =>
        schema.kind === 'object' ? [...(schema.properties?.keys() ?? [])] : [],
      )
      const suggestion = nearest(name.text, known)
      const [tool] = search.tools
      const whose =
        search.tools.length === 1 && tool !== undefined ? `the tool \`${tool.name}\` has` : 'none of these tools has'
      report({
        code: 'KV3005',
        severity: 'error',
        message: `${whose} ${search.tools.length === 1 ? 'no' : 'an'} argument \`${name.text}\``,
        path: file.path,
        span: spanOf(name),
        label: 'not in the input schema',
        help:
          suggestion === undefined
            ? 'correct the name, or import the catalog again'
            : `did you mean \`${suggestion}\`?`,
      })
      return []
    }
    schemas = next
  }
  return schemas
}

function memberOf(schema: ArgumentSchema, name: string): readonly ArgumentSchema[] {
  if (schema.kind === 'unknown') return [schema]
  if (schema.kind !== 'object') return []
  if (schema.properties === undefined) return [UNKNOWN]
  const member = schema.properties.get(name)
  return member !== undefined ? [member] : schema.open ? [UNKNOWN] : []
}

const UNKNOWN: ArgumentSchema = { kind: 'unknown' }

function checkTypes(
  context: CheckContext,
  file: PolicyFile,
  atom: Exclude<AtomNode, { kind: 'args-only' }>,
  schemas: readonly ArgumentSchema[],
): void {
  const asked = askedTypes(context, atom)
  if (asked === undefined) return
  const fitting = schemas.filter(
    (schema) =>
      schema.kind === 'unknown' || (schema.kind === 'scalar' && schema.types.some((type) => asked.includes(type))),
  )
  if (fitting.length > 0) {
    checkValues(context, file, atom, fitting)
    return
  }
  context.report({
    code: 'KV3006',
    severity: 'error',
    message: `this argument is never a ${asked.join(' or a ')}`,
    path: file.path,
    span: { start: atom.path.start, end: atom.end },
    label: `the input schema says ${[...new Set(schemas.map(schemaText))].join(' or ')}`,
    help: 'compare it with a value of its type',
  })
}

/** Types of the argument for which the atom can be known; `undefined` when another rule has something to say first. */
function askedTypes(
  { policy }: CheckContext,
  atom: Exclude<AtomNode, { kind: 'args-only' }>,
): readonly ScalarType[] | undefined {
  if (atom.path.root === 'len' || atom.kind === 'matches') return ['string']
  if (atom.kind === 'compare') return literalTypes([atom.value])
  const values = atom.values.kind === 'set-reference' ? policy.sets.get(atom.values.name.text)?.node.value : atom.values
  switch (values?.kind) {
    case 'cidrs':
      return ['string']
    case 'hours':
      return ['string', 'number']
    case 'list':
      return literalTypes(values.items)
    default:
      return undefined
  }
}

function literalTypes([first]: readonly LiteralNode[]): readonly ScalarType[] | undefined {
  switch (first?.kind) {
    case 'string':
      return ['string']
    case 'decimal':
      return ['number']
    case 'boolean':
      return ['boolean']
    default:
      return undefined
  }
}

function checkValues(
  { report }: CheckContext,
  file: PolicyFile,
  atom: Exclude<AtomNode, { kind: 'args-only' }>,
  schemas: readonly ArgumentSchema[],
): void {
  const accepted = new Set<string>()
  for (const schema of schemas) {
    if (schema.kind !== 'scalar' || schema.values === undefined) return
    for (const value of schema.values) accepted.add(value)
  }
  const literals =
    atom.kind === 'compare' ? [atom.value] : atom.kind === 'in' && atom.values.kind === 'list' ? atom.values.items : []
  for (const literal of literals) {
    if (literal.kind !== 'string' || accepted.has(literal.value)) continue
    const suggestion = nearest(literal.value, [...accepted])
    report({
      code: 'KV3007',
      severity: 'warning',
      message: `the input schema does not accept \`${literal.value}\` here`,
      path: file.path,
      span: spanOf(literal),
      label: 'never sent by a caller that follows the schema',
      help:
        suggestion === undefined
          ? `it accepts ${[...accepted].map((value) => `\`${value}\``).join(', ')}`
          : `did you mean \`${suggestion}\`?`,
    })
  }
}

function schemaText(schema: ArgumentSchema): string {
  switch (schema.kind) {
    case 'scalar':
      return schema.types.join(' or ')
    case 'array':
    case 'object':
    case 'unknown':
      return schema.kind
  }
}
