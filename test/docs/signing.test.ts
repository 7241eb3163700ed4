import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderOf, kavach } from '../cli/command.ts'

const page = readFileSync('docs/signing.md', 'utf8')

test('docs/signing.md has a row for every code with which a signature is refused', () => {
  const section = page.split('## What a host refuses')[1]?.split('\n## ')[0] ?? ''
  const rows = [...section.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, code]) => code)
  const source = readFileSync('engine-wasm/host/signed-fault.ts', 'utf8')
  const codes = [...source.matchAll(/^ {2}\| '([a-z0-9-]+)'$/gm)].map(([, code]) => code)
  // These two have their numbers in the module and are the same for what is not signed.
  expect(rows.toSorted()).toEqual([...codes, 'bad-version', 'old-generation'].sort())
})

test('docs/signing.md shows what `kavach policy verify` prints', async () => {
  const folder = folderOf({ 'shop.kavach': /```kavach shop\.kavach\n([\s\S]*?)```/.exec(page)?.[1] ?? '' })
  let out = ''
  for (const line of (/```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? '').trim().split('\n')) {
    const result = await kavach(folder, line.split(' ').slice(1))
    expect([line, result.code, result.err]).toEqual([line, 0, ''])
    out = result.out
  }
  const shown = /```text\n(build\/shop\.wasm:[\s\S]*?)```/.exec(page)?.[1] ?? ''
  const withoutDigests = (text: string) => text.replace(/[0-9a-f]{16,}/g, '#')
  expect(withoutDigests(out)).toBe(withoutDigests(shown))
  const signed: { readonly manifest: object } = JSON.parse(readFileSync(join(folder, 'build/shop.sig.json'), 'utf8'))
  const listed = [...(page.split('## What is signed')[1]?.matchAll(/^\| (`[^|]+`) \|/gm) ?? [])].slice(0, 9)
  const members = listed.flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name))
  expect(members.toSorted()).toEqual([...Object.keys(signed.manifest), 'notBefore', 'notAfter'].sort())
})
