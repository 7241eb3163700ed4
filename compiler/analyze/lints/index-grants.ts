/** The statements of a policy's grants, by the id that models carry. */
import type { GrantNode, PolicyFile } from '../../../grammar/index.ts'
import type { AnalyzedPolicy } from '../analyzed-policy.ts'

/** File and node of every `allow`, by its id. */
export function indexGrants({
  files,
  map,
}: AnalyzedPolicy): ReadonlyMap<number, { readonly file: PolicyFile; readonly node: GrantNode }> {
  const byPlace = new Map(map.rules.map((rule) => [`${rule.path}\0${rule.span.start}`, rule.id]))
  const grants = new Map<number, { readonly file: PolicyFile; readonly node: GrantNode }>()
  for (const file of files) {
    for (const declaration of file.declarations) {
      const nodes =
        declaration.kind === 'role'
          ? declaration.grants
          : declaration.kind === 'agent' || declaration.kind === 'delegation' || declaration.kind === 'boundary'
            ? declaration.members
            : []
      for (const node of nodes) {
        if (node.kind !== 'grant') continue
        const id = byPlace.get(`${file.path}\0${node.start}`)
        if (id !== undefined) grants.set(id, { file, node })
      }
    }
  }
  return grants
}
