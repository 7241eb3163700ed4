import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openRepository } from '../../cli/git.ts'
import { folderOf } from './command.ts'
import { refusalOf, repositoryOf } from './machine.ts'

test('files of a revision are read as they were, whatever lies in the work tree', async () => {
  const { folder, commit, git } = repositoryOf({ 'a/x.txt': 'old', 'a/b c/y.bin': Uint8Array.of(0, 10, 255, 10) })
  commit({ 'a/x.txt': 'new' })
  git('rm', '--quiet', '-r', 'a/b c')
  const revision = await openRepository(join(folder, 'a')).revision('HEAD~1')
  expect(revision.list('a')).toEqual([
    { path: 'b c/y.bin', kind: 'file' },
    { path: 'x.txt', kind: 'file' },
  ])
  expect(['', 'a', 'a/x.txt', 'none'].map((path) => revision.find(path))).toEqual([
    'folder',
    'folder',
    'file',
    undefined,
  ])
  const [x, y, none, folderBytes, again] = revision.read(['a/x.txt', 'a/b c/y.bin', 'none', 'a', 'a/x.txt'])
  expect([String(x), [...(y ?? [])], none, folderBytes, String(again)]).toEqual([
    'old',
    [0, 10, 255, 10],
    undefined,
    undefined,
    'old',
  ])
  expect(git('status', '--porcelain')).toBe('D  "a/b c/y.bin"\n')
})

test('links are followed inside the revision and nowhere else', async () => {
  const { folder, commit } = repositoryOf({ 'a/x.txt': 'text' })
  symlinkSync('a/x.txt', join(folder, 'inside'))
  symlinkSync('../outside', join(folder, 'outside'))
  symlinkSync('nothing', join(folder, 'dangling'))
  symlinkSync('loop', join(folder, 'loop'))
  commit({})
  const revision = await openRepository(folder).revision('main')
  expect(revision.find('inside')).toBe('file')
  expect(revision.find('outside')).toBe(undefined)
  const read = revision.read(['dangling', 'inside', 'outside', 'loop', 'a/x.txt/y', 'a/x.txt'])
  expect(read.map((bytes) => bytes && String(bytes))).toEqual([
    undefined,
    'text',
    undefined,
    undefined,
    undefined,
    'text',
  ])
})

test('branches, tags and commits name revisions; what none names is refused with the nearest', async () => {
  const { folder, git } = repositoryOf({ x: '1' })
  git('tag', 'v1.0')
  git('tag', '--annotate', '--message', 'm', 'v2.0')
  git('branch', 'feature/policy')
  const { revision } = openRepository(folder)
  const hash = git('rev-parse', 'HEAD').trim()
  for (const name of ['HEAD', 'main', 'v1.0', 'v2.0', 'feature/policy', hash, hash.slice(0, 12), 'main@{0}']) {
    expect([name, (await revision(name)).find('x')]).toEqual([name, 'file'])
  }
  expect(await refusalOf(revision('mian~0'))).toEqual({
    code: 66,
    message: 'there is no revision `mian~0`',
    help: 'did you mean `main~0`?',
  })
  expect(await refusalOf(revision('feature/polcy'))).toEqual({
    code: 66,
    message: 'there is no revision `feature/polcy`',
    help: 'did you mean `feature/policy`?',
  })
  expect(await refusalOf(revision('HEAD~7'))).toEqual({
    code: 66,
    message: 'there is no revision `HEAD~7`',
    help: '`HEAD` is there, `~7` leads beyond its history',
  })
  expect(await refusalOf(revision('something-else'))).toEqual({
    code: 66,
    message: 'there is no revision `something-else`',
    help: 'branches, tags and commits are revisions; `git branch --all` and `git tag` list them',
  })
})

test('an option is no revision, and neither is what holds a line end', async () => {
  const { folder } = repositoryOf({ x: '1' })
  const { revision } = openRepository(folder)
  const help = 'name a branch, a tag or a commit, such as `HEAD~1`'
  expect(await refusalOf(revision('--output=/tmp/x'))).toEqual({
    code: 64,
    message: '`--output=/tmp/x` names no revision: it begins with `-`',
    help,
  })
  expect(await refusalOf(revision('HEAD\nHEAD'))).toEqual({
    code: 64,
    message: '`HEAD\\u{a}HEAD` names no revision: it holds a control character',
    help,
  })
  expect(await refusalOf(revision(''))).toEqual({ code: 64, message: '`` names no revision: it is empty', help })
  expect(await refusalOf(revision('HEAD').then((head) => head.read(['a\nb'])))).toEqual({
    code: 66,
    message: '`a\\u{a}b` cannot be read from a revision: its name holds a control character',
    help: 'rename the file',
  })
  expect(await refusalOf(revision('$(touch pwned)'))).toMatchObject({ code: 66 })
})

test('a folder without a repository is refused', () => {
  const folder = folderOf()
  expect(() => openRepository(folder)).toThrow('this folder lies in no git repository')
})
