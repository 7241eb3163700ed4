import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readKey } from '../../engine-wasm/host/index.ts'
import { folderOf, kavach } from './command.ts'

test('a key is made for its owner alone, and a public one for everybody', async () => {
  const folder = folderOf()
  const { code, out, err } = await kavach(folder, ['policy', 'keygen', '-o', 'keys/policy.key'])
  const [secret, open] = ['policy.key', 'policy.key.pub'].map((name) =>
    readFileSync(join(folder, 'keys', name), 'utf8'),
  )
  if (secret === undefined || open === undefined) throw new TypeError('both were written')
  const { keyId } = await readKey(open)
  expect({ code, out, err }).toEqual({
    code: 0,
    out: `key ${keyId}\n  keys/policy.key  private: keep it secret\n  keys/policy.key.pub  public: give it to every host\n`,
    err: '',
  })
  expect(statSync(join(folder, 'keys/policy.key')).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600)
  const message = Buffer.from('x')
  expect(verify(null, message, createPublicKey(open), sign(null, message, createPrivateKey(secret)))).toBe(true)
})

test('two keys are two', async () => {
  const folder = folderOf()
  const lines = await Promise.all(['a', 'b'].map((name) => kavach(folder, ['policy', 'keygen', '-o', name])))
  expect(new Set(lines.map(({ out }) => out.split('\n')[0])).size).toBe(2)
})

const kept = (name: string) => ({
  code: 64,
  out: '',
  err:
    `kavach: there is a \`${name}\` already, and a key is never replaced\n` +
    '  = help: choose another name, or move the old key away if nothing is signed with it any more\n',
})

test('neither a private nor a public key is replaced, and half a pair is not left behind', async () => {
  const first = folderOf({ key: 'old' })
  expect(await kavach(first, ['policy', 'keygen', '-o', 'key'])).toEqual(kept('key'))
  const second = folderOf({ 'key.pub': 'old' })
  expect(await kavach(second, ['policy', 'keygen', '-o', 'key'])).toEqual(kept('key.pub'))
  expect([readdirSync(first), readdirSync(second)]).toEqual([['key'], ['key.pub']])
})

test('a link that leads nowhere is not followed', async () => {
  const folder = folderOf()
  symlinkSync('elsewhere', join(folder, 'key'))
  expect(await kavach(folder, ['policy', 'keygen', '-o', 'key'])).toEqual(kept('key'))
  expect(readdirSync(folder)).toEqual(['key'])
})

test('a place that cannot be written is named', async () => {
  const folder = folderOf({ plain: '' })
  const { code, err } = await kavach(folder, ['policy', 'keygen', '-o', 'plain/key'])
  expect({ code, err }).toEqual({
    code: 64,
    err: 'kavach: cannot write `plain/key`: EEXIST\n  = help: choose another folder\n',
  })
})
