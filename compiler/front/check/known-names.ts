/** Every name that is used is declared: agents, roles and sets. */
import type { AtomNode, Name, PolicyFile } from '../../../grammar/index.ts'
import { type CheckContext, type Rule, reportUnknown, spanOf } from './context.ts'
import { walk } from './walk.ts'

/** KV1006 (agent), KV1007 (role), KV1008 (set). */
export const checkKnownNames: Rule = (context) => {
  for (const file of context.policy.files) {
    for (const node of file.declarations) {
      switch (node.kind) {
        case 'role':
          for (const name of node.includes) reportRole(context, file, name)
          break
        case 'agent':
          for (const member of node.members) {
            if (member.kind === 'roles') for (const name of member.roles) reportRole(context, file, name)
          }
          break
        case 'delegation':
          reportAgent(context, file, node.from)
          reportAgent(context, file, node.to)
          break
        case 'assert':
          if (node.assertion.kind === 'within') {
            reportAgent(context, file, node.assertion.inner)
            reportAgent(context, file, node.assertion.outer)
          } else if (node.assertion.kind === 'can') {
            for (const name of node.assertion.who.names) reportPrincipal(context, file, name)
          }
          break
        case 'test':
          reportPrincipal(context, file, node.agent)
          for (const facts of [node.facts, ...node.rows.map((row) => row.facts)]) {
            for (const fact of facts) {
              if (fact.kind === 'via') for (const name of fact.names) reportPrincipal(context, file, name)
            }
          }
          break
        default:
      }
    }
  }
  walk(context.policy.files, {
    condition: (condition, { file }) => {
      for (const atom of condition.atoms) {
        const name = setNameOf(atom)
        if (name === undefined) continue
        reportUnknown(context, file, name, { code: 'KV1008', kind: 'set', word: 'set', declared: context.policy.sets })
      }
    },
  })
}

function setNameOf(atom: AtomNode): Name | undefined {
  if (atom.kind === 'in') return atom.values.kind === 'set-reference' ? atom.values.name : undefined
  if (atom.kind === 'matches') return atom.pattern.kind === 'set-reference' ? atom.pattern.name : undefined
  return undefined
}

function reportRole(context: CheckContext, file: PolicyFile, name: Name): void {
  reportUnknown(context, file, name, { code: 'KV1007', kind: 'role', word: 'role', declared: context.policy.roles })
}

function reportAgent(context: CheckContext, file: PolicyFile, name: Name): void {
  if (name.text === 'runtime') {
    context.report({
      code: 'KV1006',
      severity: 'error',
      message: '`runtime` is no agent that can be named here',
      path: file.path,
      span: spanOf(name),
      label: 'means every agent made at run time',
      help: 'name a declared agent; what these may do is said in `boundary runtime`',
    })
    return
  }
  reportUnknown(context, file, name, { code: 'KV1006', kind: 'agent', word: 'agent', declared: context.policy.agents })
}

/** In assertions and tests `runtime` stands for an agent made at run time. */
function reportPrincipal(context: CheckContext, file: PolicyFile, name: Name): void {
  if (name.text !== 'runtime') reportAgent(context, file, name)
}
