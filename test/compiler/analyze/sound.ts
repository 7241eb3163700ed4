/** Policy text on the way to a model, for tests that need nothing else of the front end. */
import { type CheckResult, checkPolicy } from '../../../compiler/front/index.ts'
import type { PolicyModel } from '../../../compiler/model/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'

export interface Sound extends CheckResult {
  readonly model: PolicyModel
}

/** A policy of one file. @throws {TypeError} with what is wrong with it */
export function soundOf(text: string): Sound {
  return soundFiles([{ path: 'a.kavach', text }])
}

/** A policy of several files. */
export function soundFiles(sources: readonly { readonly path: string; readonly text: string }[]): Sound {
  const parsed = sources.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ path, text }) => parsePolicy(path, text))
  const checked = checkPolicy(parsed.map(({ file }) => file))
  const errors = [...parsed.flatMap(({ diagnostics }) => diagnostics), ...checked.diagnostics].filter(
    ({ severity }) => severity === 'error',
  )
  const { model } = checked
  if (model === undefined || errors.length > 0) {
    throw new TypeError(errors.map(({ code, message }) => `${code} ${message}`).join('; '))
  }
  return { ...checked, model }
}

/** A model of policy text without its header. */
export function modelOf(text: string): PolicyModel {
  return soundOf(`policy p\n${text}`).model
}
