/** How the tools of MCP servers drifted under a policy, and which wildcards cover tools that were not there before. */
import { createUniverse, scopeBox, TooHard, type Universe } from '../algebra/index.ts'
import type { ArgumentSchema, Catalog, CatalogTool, ToolHints } from '../front/index.ts'
import { formatPattern, type GrantModel, type PolicyModel } from '../model/index.ts'

export type Catalogs = ReadonlyMap<string, Catalog>

export interface ToolChange {
  readonly catalog: string
  readonly tool: string
  readonly change: 'added' | 'removed' | 'changed'
  /** Of a change, one text each: `args.path is a number, was a string`. */
  readonly details: readonly string[]
  /** Whether the server says that the tool may destroy something. */
  readonly isDestructive: boolean
  /** Grants of the new policy that cover the tool without naming it, when it is new or asked for otherwise now. */
  readonly coveredBy: readonly number[]
}

/** Compares catalogs by name; a catalog that only one policy names is compared with nothing. */
export function diffTools(old: Catalogs, new_: Catalogs, model: PolicyModel): readonly ToolChange[] {
  const changes: ToolChange[] = []
  const universe = createUniverse()
  const grants = allGrants(model)
  for (const catalog of new Set([...old.keys(), ...new_.keys()])) {
    const before = old.get(catalog)?.tools ?? new Map<string, CatalogTool>()
    const after = new_.get(catalog)?.tools ?? new Map<string, CatalogTool>()
    for (const tool of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(tool), after.get(tool)]
      const details = was === undefined || is === undefined ? [] : detailsOf(was, is)
      if (was !== undefined && is !== undefined && details.length === 0) continue
      const isMoved = is !== undefined && (was === undefined || askedAs(catalog, was) !== askedAs(catalog, is))
      changes.push({
        catalog,
        tool,
        change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed',
        details,
        isDestructive: is?.hints?.destructive === true,
        coveredBy: isMoved ? coveringGrants(catalog, is, grants, universe) : [],
      })
    }
  }
  return changes
}

function allGrants({ roles, agents, delegations, boundary }: PolicyModel): readonly GrantModel[] {
  const grants = [...roles, ...agents, ...delegations, ...(boundary ? [boundary] : [])].flatMap(
    (holder) => holder.grants,
  )
  return [...new Map(grants.map((grant) => [grant.id, grant])).values()].sort((a, b) => a.id - b.id)
}

function mappingOf(catalog: string, { name, action, resource }: CatalogTool): { action: string; resource: string } {
  return { action: action ?? 'execute', resource: resource ?? `mcp:${catalog}:${name}` }
}

function askedAs(catalog: string, tool: CatalogTool): string {
  const { action, resource } = mappingOf(catalog, tool)
  return `${action} on ${resource}`
}

function coveringGrants(
  catalog: string,
  tool: CatalogTool,
  grants: readonly GrantModel[],
  universe: Universe,
): readonly number[] {
  const { action, resource } = mappingOf(catalog, tool)
  return grants.flatMap((grant) => {
    if (grant.actions !== undefined && !grant.actions.includes(action)) return []
    if (grant.patterns.some((pattern) => formatPattern(pattern) === resource)) return []
    return isCovered(grant, resource, universe) ? [grant.id] : []
  })
}

/** A scope that takes too much work counts as covering: whoever reads the list looks at it. */
function isCovered(grant: GrantModel, resource: string, universe: Universe): boolean {
  universe.renew()
  try {
    const set = scopeBox(grant, universe)?.get('resource')
    return set?.kind === 'text' && universe.languages.accepts(set.language, resource)
  } catch (error) {
    if (error instanceof TooHard) return true
    throw error
  }
}

function detailsOf(was: CatalogTool, is: CatalogTool): readonly string[] {
  const details: string[] = []
  const before = `${was.action ?? 'execute'} on ${was.resource ?? 'its name'}`
  const after = `${is.action ?? 'execute'} on ${is.resource ?? 'its name'}`
  if (before !== after) details.push(`is asked for as ${after}, was ${before}`)
  details.push(...hintDetails(was.hints, is.hints), ...schemaDetails('args', was.input, is.input))
  return details
}

function hintDetails(was: ToolHints = {}, is: ToolHints = {}): readonly string[] {
  return [
    ...(was.readOnly === is.readOnly
      ? []
      : [`says of itself that it ${readOnlyText(is.readOnly)}, before that it ${readOnlyText(was.readOnly)}`]),
    ...(was.destructive === is.destructive
      ? []
      : [
          `says of itself that it ${destructiveText(is.destructive)}, before that it ${destructiveText(was.destructive)}`,
        ]),
  ]
}

function readOnlyText(flag: boolean | undefined): string {
  return flag === undefined ? 'reads or writes' : flag ? 'only reads' : 'writes'
}

function destructiveText(flag: boolean | undefined): string {
  return flag === undefined ? 'may or may not destroy' : flag ? 'may destroy' : 'does not destroy'
}

function schemaDetails(path: string, was: ArgumentSchema, is: ArgumentSchema): readonly string[] {
  if (was.kind === 'object' && is.kind === 'object') return objectDetails(path, was, is)
  if (was.kind === 'array' && is.kind === 'array') return schemaDetails(`${path}[]`, was.items, is.items)
  const [before, after] = [schemaText(was), schemaText(is)]
  return before === after ? [] : [`${path} is ${after}, was ${before}`]
}

type ObjectSchema = Extract<ArgumentSchema, { readonly kind: 'object' }>

function objectDetails(path: string, was: ObjectSchema, is: ObjectSchema): readonly string[] {
  const [before, after] = [was.properties ?? new Map(), is.properties ?? new Map()]
  const details: string[] = []
  for (const name of new Set<string>([...before.keys(), ...after.keys()])) {
    const place = `${path}.${name}`
    const [old, new_]: readonly (ArgumentSchema | undefined)[] = [before.get(name), after.get(name)]
    if (old === undefined) details.push(`${place} is new${is.required.has(name) ? ' and required' : ''}`)
    else if (new_ === undefined) details.push(`${place} is gone`)
    else {
      details.push(...schemaDetails(place, old, new_))
      if (was.required.has(name) !== is.required.has(name)) {
        details.push(`${place} is ${is.required.has(name) ? 'required' : 'optional'} now`)
      }
    }
  }
  if (was.open !== is.open)
    details.push(`${path} ${is.open ? 'takes other names too now' : 'takes no other names any more'}`)
  return details
}

function schemaText(schema: ArgumentSchema): string {
  switch (schema.kind) {
    case 'unknown':
      return 'anything'
    case 'object':
      return 'an object'
    case 'array':
      return `a list of ${schemaText(schema.items)}`
    case 'scalar': {
      const types = schema.types.join(' or ')
      return schema.values === undefined ? types : `${types} of ${JSON.stringify(schema.values)}`
    }
  }
}
