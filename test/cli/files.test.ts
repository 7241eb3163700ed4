import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CliError } from '../../cli/exit.ts'
import { loadBytes, writeFilesAtomically } from '../../cli/files.ts'
import { folderOf } from './command.ts'

function faultOf(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    if (error instanceof CliError) return { code: error.code, message: error.message, help: error.help }
    throw error
  }
  return undefined
}

test('what cannot be read is said with its name and a remedy', () => {
  const folder = folderOf({ file: 'x' })
  symlinkSync('loop', join(folder, 'loop'))
  const missing = { code: 66, help: 'check the path; it is taken from the current folder' }
  expect(faultOf(() => loadBytes(join(folder, 'none'), 'none'))).toEqual({ ...missing, message: 'there is no `none`' })
  expect(faultOf(() => loadBytes(join(folder, 'file/x'), 'file/x'))).toEqual({
    ...missing,
    message: 'there is no `file/x`',
  })
  expect(faultOf(() => loadBytes(folder, 'folder'))).toEqual({
    code: 66,
    message: '`folder` is a folder, a file is wanted',
    help: 'name the file',
  })
  expect(faultOf(() => loadBytes(join(folder, 'loop'), 'loop'))).toEqual({
    code: 66,
    message: '`loop` cannot be read: ELOOP',
    help: 'check the path and the disk',
  })
})

test('several files are written together, into folders that are made', () => {
  const folder = folderOf({ 'a/one': 'old' })
  writeFilesAtomically(folder, [
    { path: join(folder, 'a/one'), data: 'new' },
    { path: join(folder, 'b/c/two'), data: Uint8Array.of(1, 2) },
  ])
  expect(readFileSync(join(folder, 'a/one'), 'utf8')).toBe('new')
  expect([...readFileSync(join(folder, 'b/c/two'))]).toEqual([1, 2])
  expect(readdirSync(join(folder, 'a'))).toEqual(['one'])
})

test('when one file cannot be written the others stay as they were', () => {
  const folder = folderOf({ one: 'old' })
  mkdirSync(join(folder, 'two'))
  writeFileSync(join(folder, 'plain'), '')
  const one = { path: join(folder, 'one'), data: 'new' }
  for (const [name, code] of [
    ['two', 'EISDIR'],
    ['plain/three', process.platform === 'win32' ? 'EEXIST' : 'ENOTDIR'],
  ] as const) {
    const other = { path: join(folder, name), data: 'new' }
    expect(faultOf(() => writeFilesAtomically(folder, [one, other]))).toEqual({
      code: 64,
      message: `cannot write \`${name}\`: ${code}`,
      help: 'choose another folder',
    })
  }
  expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('old')
  expect(readdirSync(folder).sort()).toEqual(['one', 'plain', 'two'])
})
