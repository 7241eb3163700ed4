import { createPrivateKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { splitNotes } from '../../runtime/audit/index.ts'
import { createFileSink, developmentKey } from '../../storage/checkpoint-file.ts'
import { logOf } from '../runtime/audit/log.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kavach-checkpoints-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const modeOf = (path: string) => statSync(path).mode & 0o777

test('checkpoints stand in the file one behind the other, and verify the log', async () => {
  const path = join(folder(), 'checkpoints.txt')
  const { fill, checkpointer, audit } = logOf({ sinks: [createFileSink(path)] })
  for (let i = 0; i < 3; i++) {
    await fill(10)
    await checkpointer.flush()
  }
  const notes = splitNotes(readFileSync(path, 'utf8'))
  expect(notes.map((note) => note.split('\n')[1])).toEqual(['10', '20', '30'])
  // Those of the file are those of the store.
  expect(await audit.verify({ checkpoints: notes })).toMatchObject({ isIntact: true, checkpoints: 3 })
  expect(modeOf(path)).toBe(0o600)
})

test('a file that cannot be written is a warning', async () => {
  const path = join(folder(), 'missing', 'checkpoints.txt')
  const { fill, checkpointer, site } = logOf({ sinks: [createFileSink(path)] })
  await fill(1)
  await checkpointer.flush()
  expect(site.warnings.length).toBe(1)
  expect(site.warnings[0]).toContain(`the checkpoint of 1 rows could not be given to ${path}: ENOENT`)
})

test('the key for development is made once, and only its owner may read it', () => {
  const path = join(folder(), 'kavach.db.checkpoint-key')
  const pem = developmentKey(path)
  expect(createPrivateKey(pem).asymmetricKeyType).toBe('ed25519')
  expect([developmentKey(path), modeOf(path)]).toEqual([pem, 0o600])
})

test('a key that cannot be read is an error of the configuration', () => {
  const path = join(folder(), 'key')
  mkdirSync(path)
  expect(() => developmentKey(path)).toThrow(
    expect.objectContaining({
      code: 'KVCH_E_CONFIG_INVALID',
      message: `the key in \`${path}\` cannot be used: EISDIR`,
    }),
  )
})
