import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createCommand } from '../../../cli/dev/child.ts'
import { folderOf } from '../command.ts'

/** Says who it is as soon as it can no longer be asked to end. */
const STUBBORN = `
import { renameSync, writeFileSync } from 'node:fs'
process.on('SIGTERM', () => {})
setInterval(() => {}, 1000)
writeFileSync('pid.new', String(process.pid))
renameSync('pid.new', 'pid')
`

test('a command that does not end when it is asked to is made to', async () => {
  const cwd = folderOf({ 'stubborn.mjs': STUBBORN })
  const command = createCommand({ file: process.execPath, args: ['stubborn.mjs'], cwd, patienceMs: 50 })
  await command.restart({})
  await expect.poll(() => existsSync(join(cwd, 'pid')), { timeout: 10_000 }).toBe(true)
  const pid = Number(readFileSync(join(cwd, 'pid'), 'utf8'))
  await command.stop()
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  expect(await Promise.race([command.ended, Promise.resolve('was ended')])).toBe('was ended')
})
