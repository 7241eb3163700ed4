import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { watchDirectories } from '../../../cli/dev/directories.ts'

function watching() {
  const root = mkdtempSync(join(tmpdir(), 'kavach-watch-'))
  const watch = watchDirectories(() => undefined)
  onTestFinished(() => {
    watch.close()
    rmSync(root, { recursive: true, force: true })
  })
  return { watch, directory: join(root, 'policy') }
}

test('a directory that goes is told once, since nobody hears its watcher any more', () => {
  const { watch, directory } = watching()
  mkdirSync(directory)
  expect([watch.follow([directory]), watch.follow([directory])]).toEqual([true, false])
  rmSync(directory, { recursive: true })
  expect([watch.follow([directory]), watch.follow([directory])]).toEqual([true, false])
})

test('a directory that is made anew is watched anew, whatever its inode', () => {
  const { watch, directory } = watching()
  for (let round = 0; round < 20; round++) {
    mkdirSync(directory)
    expect([watch.follow([directory]), watch.follow([directory])]).toEqual([true, false])
    rmSync(directory, { recursive: true })
  }
})
