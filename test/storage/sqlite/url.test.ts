import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { KavachError } from '../../../runtime/index.ts'
import { pathOfUrl } from '../../../storage/sqlite/url.ts'

test.each([
  [':memory:', undefined],
  ['file::memory:', undefined],
  ['kavach.db', resolve('kavach.db')],
  ['./data/kavach.db', resolve('data/kavach.db')],
  ['/var/lib/kavach.db', '/var/lib/kavach.db'],
  ['file:kavach.db', resolve('kavach.db')],
  ['file:///var/lib/a%20b.db', '/var/lib/a b.db'],
  ['what?.db', resolve('what?.db')],
])('%s is %s', (url, path) => {
  expect(pathOfUrl(url)).toBe(path)
})

test.each([
  ['', 'database.url: `` names no file'],
  ['file:kavach.db?mode=ro', 'database.url: `file:kavach.db?mode=ro` has parameters, and none are known'],
  ['file://elsewhere/kavach.db', 'database.url: `file://elsewhere/kavach.db` names no file of this machine'],
  [
    'postgres://localhost/kavach',
    'database.url: `postgres://localhost/kavach` is no file; give a path, a `file:` URL or `:memory:`',
  ],
])('%s is refused', (url, message) => {
  const attempt = () => pathOfUrl(url)
  expect(attempt).toThrow(KavachError)
  expect(attempt).toThrow(message)
})
