/** The text of a grant cut down to what others hold, for people to copy. */
import type { ApprovalNode, GrantNode, PatternNode, PolicyFile } from '../../grammar/index.ts'
import type { Universe } from '../algebra/index.ts'

/** A grant as it stands in a file. */
export interface LocatedGrant {
  readonly file: PolicyFile
  readonly node: GrantNode
}

/**
 * `allow ...` for the part of `given` that every one of `held` allows too, its own limits kept.
 *
 * `undefined` where they have nothing in common or no single grant says it. Atoms on `agent` are those of whoever holds the
 * grant, and are not passed on. Patterns that merely overlap are left out, so the text may say less than the common part.
 */
export function narrowedGrant(
  given: LocatedGrant,
  held: readonly LocatedGrant[],
  universe: Universe,
): string | undefined {
  const actions = commonActions([given, ...held])
  const patterns = commonPatterns([given, ...held], universe)
  const approval = commonApproval([given, ...held])
  if (actions === undefined || patterns === undefined || approval === undefined) return undefined
  const atoms = new Set([
    ...atomsOf(given),
    ...held.flatMap((grant) => atomsOf(grant).filter((text) => !/^(?:not\s+)?agent\b/.test(text))),
  ])
  const clauses = given.node.clauses.filter(({ kind }) => kind !== 'approval').map((clause) => textAt(given, clause))
  const text = [
    `allow ${actions} on ${patterns}`,
    ...(atoms.size > 0 ? [`when ${[...atoms].join(' and ')}`] : []),
    ...clauses,
    ...(approval === '' ? [] : [approval]),
  ].join(' ')
  // A comment or a line break inside would not stay what it was on one line.
  return text.includes('\n') ? undefined : text
}

function textAt({ file }: LocatedGrant, { start, end }: { readonly start: number; readonly end: number }): string {
  return file.text.slice(start, end)
}

function atomsOf(grant: LocatedGrant): readonly string[] {
  return (grant.node.when?.atoms ?? []).map((atom) => textAt(grant, atom))
}

function commonActions(grants: readonly LocatedGrant[]): string | undefined {
  let common: readonly string[] | undefined
  for (const { node } of grants) {
    const { any, names } = node.scope.actions
    if (any) continue
    const texts = names.map(({ text }) => text)
    common = common?.filter((action) => texts.includes(action)) ?? texts
  }
  if (common === undefined) return '*'
  return common.length === 0 ? undefined : common.join(', ')
}

function commonPatterns([first, ...others]: readonly LocatedGrant[], universe: Universe): string | undefined {
  let common = first?.node.scope.patterns ?? []
  for (const { node } of others) {
    common = common.flatMap((pattern) => node.scope.patterns.flatMap((other) => narrowerOf(pattern, other, universe)))
  }
  const texts = new Set(common.map(({ text }) => text))
  return texts.size === 0 ? undefined : [...texts].join(', ')
}

function narrowerOf(a: PatternNode, b: PatternNode, { languages }: Universe): readonly PatternNode[] {
  const [inA, inB] = [languages.ofPattern(a.value), languages.ofPattern(b.value)]
  if (languages.includesResource(inB, inA)) return [a]
  return languages.includesResource(inA, inB) ? [b] : []
}

/** Empty where nobody asks for one; `undefined` where two approvers are asked for above. */
function commonApproval([given, ...held]: readonly LocatedGrant[]): string | undefined {
  const above = held.flatMap(({ node }) => node.clauses.filter((clause) => clause.kind === 'approval'))
  const own = given?.node.clauses.find((clause) => clause.kind === 'approval')
  const asked = own === undefined ? above : [own, ...above]
  if (asked.length === 0) return ''
  const approvers = new Set(above.flatMap(({ by }) => (by === undefined ? [] : [by.value])))
  if (approvers.size > 1) return undefined
  const [by = own?.by?.value] = approvers
  const within = shortest(asked)
  return [
    'needs approval',
    ...(by === undefined ? [] : [`by ${JSON.stringify(by)}`]),
    ...(within ? [`within ${within}`] : []),
  ].join(' ')
}

function shortest(approvals: readonly ApprovalNode[]): string | undefined {
  return approvals
    .flatMap(({ within }) => (within === undefined ? [] : [within]))
    .toSorted((a, b) => a.ms - b.ms)
    .at(0)?.text
}
