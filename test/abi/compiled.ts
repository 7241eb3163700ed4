/** Policies of this repository and random ones, compiled, for the tests of the module. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { emitImage, emitState, spliceModule } from '../../compiler/emit/index.ts'
import { checkPolicy } from '../../compiler/front/index.ts'
import { parseState } from '../../compiler/model/index.ts'
import { parsePolicy } from '../../grammar/index.ts'

export interface Compiled {
  readonly image: Uint8Array
  readonly module: Uint8Array
}

/** The engine without a policy. */
export const ENGINE = readFileSync('build/engine.wasm')

/** @throws {TypeError} when the policy has an error */
export function compilePolicy(...texts: readonly string[]): Compiled {
  const parsed = texts.map((text, index) => parsePolicy(`${index}.kavach`, text))
  const checked = checkPolicy(parsed.map(({ file }) => file))
  const diagnostics = [...parsed.flatMap((one) => one.diagnostics), ...checked.diagnostics]
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (checked.model === undefined || errors.length > 0) {
    throw new TypeError(errors.map(({ message }) => message).join('\n'))
  }
  const image = emitImage(checked.model)
  return { image, module: spliceModule(ENGINE, image) }
}

/** `policies/NAME`, without its tests and assertions. */
export function compileFolder(name: string): Compiled {
  const folder = join('policies', name)
  const files = readdirSync(folder).filter((file) => /^[^.]+\.kavach$/.test(file))
  return compilePolicy(...files.map((file) => readFileSync(join(folder, file), 'utf8')))
}

/** Records of the JSON of `--state`. */
export function recordsOf(state: unknown): readonly Uint8Array[] {
  const parsed = parseState(state)
  if (!parsed.ok) throw new TypeError(parsed.message)
  return emitState(parsed.value)
}
