import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  checkpointText,
  isSigned,
  noteKeyOf,
  openNote,
  parseVerifierKey,
  signedNote,
  splitNotes,
  verifierKey,
} from '../../../runtime/audit/note.ts'
import { sha256 } from '../site.ts'

// Made for these tests: the seed of an Ed25519 key is 32 times 7.
const PRIVATE = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)]),
  format: 'der',
  type: 'pkcs8',
})
const PUBLIC = createPublicKey(PRIVATE)
const RAW = PUBLIC.export({ type: 'spki', format: 'der' }).subarray(-32)
const NAME = 'example.com/log/default'
const KEY = { name: NAME, publicKey: new Uint8Array(RAW) }
const ROOT = new Uint8Array(32).fill(1)
const TEXT = checkpointText({ origin: NAME, size: 17, root: ROOT })
const NOTE = signedNote(TEXT, KEY, sign(null, Buffer.from(TEXT), PRIVATE), sha256)

describe('a note', () => {
  test('says what it is about, and who has signed it', async () => {
    const opened = openNote(NOTE)
    expect(TEXT).toBe(`${NAME}\n17\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n`)
    expect(opened).toMatchObject({ origin: NAME, size: 17, root: ROOT, text: TEXT })
    expect(opened !== undefined && (await isSigned(opened, [KEY], sha256))).toBe(true)
  })

  test('may have further lines and further signatures, which do not matter', async () => {
    const longer = `${TEXT}more\n`
    const note = signedNote(longer, KEY, sign(null, Buffer.from(longer), PRIVATE), sha256)
    const witnessed = note.replace('\n\n', `\n\n— witness.example AAAAAAAA${'AAAA'.repeat(21)}\n`)
    const opened = openNote(witnessed)
    expect([opened?.size, opened?.signatures.length]).toEqual([17, 2])
    expect(opened !== undefined && (await isSigned(opened, [KEY], sha256))).toBe(true)
  })

  test.each([
    ['another size', (note: string) => note.replace('\n17\n', '\n18\n')],
    ['another root', (note: string) => note.replace('AQEB', 'AQEC')],
    ['another origin', (note: string) => note.replace(`${NAME}\n`, 'example.com/other\n')],
    ['another name of the key', (note: string) => note.replace(`— ${NAME}`, '— example.com/other')],
    ['another id of the key', (note: string) => note.replace(/(— \S+ )../, '$1AB')],
    ['another signature', (note: string) => note.replace(/...=\n$/, 'AAA=\n')],
  ])('with %s is signed by nobody', async (_, change) => {
    const changed = change(NOTE)
    const opened = openNote(changed)
    expect(changed).not.toBe(NOTE)
    expect(opened !== undefined && (await isSigned(opened, [KEY], sha256))).toBe(false)
  })

  test.each([
    ['without signatures', TEXT],
    ['that ends early', NOTE.slice(0, -1)],
    ['with a size that is no number', NOTE.replace('\n17\n', '\n017\n')],
    ['with a root of another length', NOTE.replace('AQEBAQEB', 'AQEB')],
    ['with a line that is no signature', `${NOTE}hello\n`],
    ['that is endless', `${NAME}\n17\n${'x'.repeat(70_000)}\n\n— a AAAAAAAA\n`],
    ['of nothing', ''],
  ])('%s is none', (_, note) => {
    expect(openNote(note)).toBeUndefined()
  })

  test('stands behind another in a file', () => {
    expect(splitNotes(`\n${NOTE}\n${NOTE}${NOTE}\n`)).toEqual([NOTE, NOTE, NOTE])
    expect(splitNotes('nothing\n')).toEqual([])
  })
})

describe('a public key', () => {
  test('is read as verifiers write it', () => {
    const text = verifierKey(KEY, sha256)
    expect(text).toMatch(/^example\.com\/log\/default\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/)
    expect(parseVerifierKey(text, sha256)).toEqual(KEY)
    expect(noteKeyOf(`${text}\n`, 'ignored', sha256)).toEqual(KEY)
    expect(parseVerifierKey(text.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), sha256)).toBeUndefined()
  })

  test('is read as operators have it', () => {
    const texts = [
      PUBLIC.export({ type: 'spki', format: 'pem' }).toString(),
      RAW.toString('hex'),
      RAW.toString('base64url'),
    ]
    expect(texts.map((text) => noteKeyOf(text, NAME, sha256))).toEqual([KEY, KEY, KEY])
    expect(noteKeyOf(PRIVATE.export({ type: 'pkcs8', format: 'pem' }).toString(), NAME, sha256)).toBeUndefined()
  })
})
