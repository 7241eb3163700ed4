/** Single expressions and whole policies, as Cedar sees them. */
import { createRequire } from 'node:module'
import { type CedarExport, toCedar, toCedarRequest } from '../../../../compiler/analyze/index.ts'
import { checkPolicy } from '../../../../compiler/front/index.ts'
import type { PolicyModel } from '../../../../compiler/model/index.ts'
import { parsePolicy } from '../../../../grammar/index.ts'
import { createCedar } from '../../../properties/cedar/cedar.ts'

const cedar: { isAuthorized(call: object): unknown } = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs')

/** What an expression over `context` and `resource` is; an error is a text. */
export function evaluate(expression: string, context: object, attrs: object = {}): boolean | string {
  const uid = (type: string) => ({ type, id: 'x' })
  const answer = cedar.isAuthorized({
    principal: uid('Agent'),
    action: uid('Action'),
    resource: uid('Resource'),
    context,
    policies: { staticPolicies: `permit (principal, action, resource) when { ${expression} };` },
    entities: [{ uid: uid('Resource'), attrs, parents: [] }],
  })
  const text = JSON.stringify(answer)
  if (text.includes('"errors":[]') && text.includes('"decision":"allow"')) return true
  return text.includes('"errors":[]') && text.includes('"decision":"deny"') ? false : text
}

/** The model of a policy without errors. */
export function modelOf(text: string): PolicyModel {
  const { file, diagnostics } = parsePolicy('p.kavach', text)
  const { model, diagnostics: found } = checkPolicy([file])
  if (model === undefined) throw new TypeError(JSON.stringify([...diagnostics, ...found]))
  return model
}

export function exportOf(text: string): CedarExport {
  return toCedar(modelOf(text))
}

/** What Cedar says to requests, with the policies and the schema of an export. */
export function answersOf(text: string, requests: readonly unknown[]): readonly string[] {
  const exported = exportOf(text)
  const subject = createCedar(exported)
  return requests.map((request) => subject.ask(toCedarRequest(exported, request)))
}
