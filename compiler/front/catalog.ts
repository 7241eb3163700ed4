/** Catalogs: snapshots of an MCP server's `tools/list`, as far as a policy is checked against them. */

/** One tool: its name, what it is asked for as, and its arguments. */
export interface CatalogTool {
  readonly name: string
  /** `x-kavach`: the action and resource that the gateway asks for when this tool is called. */
  readonly action: string | undefined
  readonly resource: string | undefined
  readonly input: ArgumentSchema
  /** What the server says of the tool's effects; absent when it says nothing. Nobody checks it. */
  readonly hints?: ToolHints
}

export interface ToolHints {
  readonly readOnly?: boolean
  readonly destructive?: boolean
}

/** The part of a JSON Schema that is understood; anything else is `unknown` and accepts every condition. */
export type ArgumentSchema =
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'object'
      /** By name, in the order of the file. `undefined` when the schema lists none. */
      readonly properties: ReadonlyMap<string, ArgumentSchema> | undefined
      readonly required: ReadonlySet<string>
      /** True when the schema says that it admits names it does not list. */
      readonly open: boolean
    }
  | { readonly kind: 'scalar'; readonly types: readonly ScalarType[]; readonly values: readonly string[] | undefined }
  | { readonly kind: 'array'; readonly items: ArgumentSchema }

export type ScalarType = 'string' | 'number' | 'boolean' | 'null'

export interface Catalog {
  /** By tool name, in the order of the file. */
  readonly tools: ReadonlyMap<string, CatalogTool>
}

export type ParsedCatalog =
  | { readonly ok: true; readonly catalog: Catalog }
  | { readonly ok: false; readonly message: string }

/**
 * Reads the JSON text of a catalog: `{"tools": [{"name", "inputSchema"?, "x-kavach"?}]}`, as `tools/list` answers.
 *
 * Unknown members are ignored; schemas use whatever JSON Schema they like, only plain types are looked at.
 */
export function parseCatalog(text: string): ParsedCatalog {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, message: 'it is not JSON' }
  }
  if (!isRecord(value) || !Array.isArray(value.tools)) return { ok: false, message: 'it has no list `tools`' }
  const tools = new Map<string, CatalogTool>()
  for (const [index, tool] of value.tools.entries()) {
    if (!isRecord(tool) || typeof tool.name !== 'string' || tool.name === '') {
      return { ok: false, message: `\`tools[${index}]\` has no \`name\`` }
    }
    const name = tool.name
    if (tools.has(name)) return { ok: false, message: `it lists the tool \`${name}\` twice` }
    const mapping = tool['x-kavach']
    if (mapping !== undefined && !isMapping(mapping)) {
      return {
        ok: false,
        message: `\`x-kavach\` of the tool \`${name}\` is not an object with \`action\` and \`resource\``,
      }
    }
    tools.set(name, {
      name,
      action: mapping?.action,
      resource: mapping?.resource,
      input: readSchema(tool.inputSchema, 0),
      ...readHints(tool.annotations),
    })
  }
  return { ok: true, catalog: { tools } }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isMapping(value: unknown): value is { readonly action: string; readonly resource: string } {
  return isRecord(value) && typeof value.action === 'string' && typeof value.resource === 'string'
}

function readHints(annotations: unknown): Pick<CatalogTool, 'hints'> {
  if (!isRecord(annotations)) return {}
  const { readOnlyHint, destructiveHint } = annotations
  const hints = {
    ...(typeof readOnlyHint === 'boolean' && { readOnly: readOnlyHint }),
    ...(typeof destructiveHint === 'boolean' && { destructive: destructiveHint }),
  }
  return Object.keys(hints).length === 0 ? {} : { hints }
}

const UNKNOWN: ArgumentSchema = { kind: 'unknown' }
const MAX_SCHEMA_DEPTH = 16

function readSchema(schema: unknown, depth: number): ArgumentSchema {
  if (!isRecord(schema) || depth > MAX_SCHEMA_DEPTH) return UNKNOWN
  if (['$ref', 'anyOf', 'oneOf', 'allOf', 'not', 'if'].some((word) => word in schema)) return UNKNOWN
  const stated = typeof schema.type === 'string' ? [schema.type] : schema.type
  const types = Array.isArray(stated) ? stated.filter((type) => typeof type === 'string') : []
  if (types.length === 1 && types[0] === 'object') return readObject(schema, depth)
  if (types.length === 1 && types[0] === 'array') return { kind: 'array', items: readSchema(schema.items, depth + 1) }
  const scalars: ScalarType[] = []
  for (const type of types) {
    if (type === 'string' || type === 'number' || type === 'boolean' || type === 'null') scalars.push(type)
    else if (type === 'integer') scalars.push('number')
    else return UNKNOWN
  }
  if (scalars.length === 0) return UNKNOWN
  const listed: unknown = 'const' in schema ? [schema.const] : schema.enum
  const values =
    Array.isArray(listed) &&
    scalars.every((type) => type === 'string') &&
    listed.every((item) => typeof item === 'string')
      ? listed
      : undefined
  return { kind: 'scalar', types: [...new Set(scalars)], values }
}

function readObject(schema: Readonly<Record<string, unknown>>, depth: number): ArgumentSchema {
  const listed = schema.properties
  const properties = isRecord(listed)
    ? new Map(Object.entries(listed).map(([name, property]) => [name, readSchema(property, depth + 1)]))
    : undefined
  const required = Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : []
  const additional = schema.additionalProperties
  const open = additional === true || isRecord(additional) || 'patternProperties' in schema
  return { kind: 'object', properties, required: new Set(required), open }
}
