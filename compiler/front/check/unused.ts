/** Sets and roles that nothing uses. */
import { type Rule, spanOf } from './context.ts'
import { walk } from './walk.ts'

/**
 * KV4001 (set), KV4002 (role). Silent when a statement was dropped, or an unknown name of that kind is used: it may be the
 * one that was meant.
 */
export const checkUnused: Rule = ({ policy, report }) => {
  if (policy.broken.any) return
  const sets = new Set<string>()
  const roles = new Set<string>()
  walk(policy.files, {
    condition: (condition) => {
      for (const atom of condition.atoms) {
        if (atom.kind === 'in' && atom.values.kind === 'set-reference') sets.add(atom.values.name.text)
        else if (atom.kind === 'matches' && atom.pattern.kind === 'set-reference') sets.add(atom.pattern.name.text)
      }
    },
  })
  for (const { node } of policy.roles.values()) for (const name of node.includes) roles.add(name.text)
  for (const { node } of policy.agents.values()) {
    for (const member of node.members)
      if (member.kind === 'roles') for (const name of member.roles) roles.add(name.text)
  }
  const isSetMissing = [...sets].some((name) => !policy.sets.has(name))
  for (const { file, node } of policy.sets.values()) {
    if (isSetMissing || sets.has(node.name.text)) continue
    report({
      code: 'KV4001',
      severity: 'warning',
      message: `set \`${node.name.text}\` is never used`,
      path: file.path,
      span: spanOf(node.name),
      label: 'no condition names it',
      help: 'use it in a condition, or remove it',
    })
  }
  const isRoleMissing = [...roles].some((name) => !policy.roles.has(name))
  for (const { file, node } of policy.roles.values()) {
    if (isRoleMissing || roles.has(node.name.text)) continue
    report({
      code: 'KV4002',
      severity: 'warning',
      message: `role \`${node.name.text}\` is never used`,
      path: file.path,
      span: spanOf(node.name),
      label: 'no agent has it and no role includes it',
      help: 'give it to an agent with `roles`, or remove it',
    })
  }
}
