/** The examples of the published design, read where they lie: every one checks, compiles and passes its own tests. */
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, kavach } from '../cli/command.ts'

const EXAMPLES = join(process.env.KAVACH_CONFORMANCE ?? '', 'examples')

test('the folder holds examples', () => {
  expect(existsSync(join(EXAMPLES, 'acme.kavach'))).toBe(true)
})

test('the example has no errors', async () => {
  const { code, out } = await kavach('.', ['check', EXAMPLES, '--format', 'json'])
  const { diagnostics }: { readonly diagnostics: readonly { readonly severity: string }[] } = JSON.parse(out)
  expect({ code, errors: diagnostics.filter(({ severity }) => severity === 'error') }).toEqual({ code: 0, errors: [] })
})

test('the example passes its own tests', async () => {
  const { code, out } = await kavach('.', ['test', EXAMPLES, '--format', 'json'])
  expect({ code, ...JSON.parse(out) }).toMatchObject({ code: 0, passed: 13, failed: 0 })
})

test('the example compiles to one module with image, types and source map', async () => {
  const out = folderOf()
  const { code } = await kavach('.', ['compile', EXAMPLES, '-o', out])
  const written = ['wasm', 'img', 'd.ts', 'map.json'].filter((ending) => existsSync(join(out, `acme.${ending}`)))
  expect({ code, written }).toEqual({ code: 0, written: ['wasm', 'img', 'd.ts', 'map.json'] })
})

test('formatting the example changes no byte of its image', async () => {
  const copy = folderOf()
  cpSync(EXAMPLES, copy, { recursive: true })
  const compile = async (out: string) => {
    const { code } = await kavach('.', ['compile', copy, '-o', join(copy, out)])
    expect(code).toBe(0)
    return readFileSync(join(copy, out, 'acme.img'))
  }
  const before = await compile('before')
  const { code } = await kavach('.', ['fmt', copy])
  const after = await compile('after')
  expect({ code, isSame: before.equals(after) }).toEqual({ code: 0, isSame: true })
})
