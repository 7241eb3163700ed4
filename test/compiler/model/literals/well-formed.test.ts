import { expect, onTestFinished, test, vi } from 'vitest'
import { isWellFormed } from '../../../../compiler/model/index.ts'

const TEXTS = [
  '',
  'plain',
  'é\u{FFFD}',
  '\u{1F600}',
  '\ud83d',
  '\ude00',
  '\ude00\ud83d',
  'a\ud83db',
  '\u{1F600}\ud83d',
  '\ud7ff\ue000',
]

test('a text is well-formed when it can be written as UTF-8', () => {
  expect(TEXTS.map(isWellFormed)).toEqual(TEXTS.map(isWritable))
})

test('a platform that cannot say it by itself says the same', async () => {
  const native = Object.getOwnPropertyDescriptor(String.prototype, 'isWellFormed')
  if (native !== undefined) {
    onTestFinished(() => void Object.defineProperty(String.prototype, 'isWellFormed', native))
    Reflect.deleteProperty(String.prototype, 'isWellFormed')
  }
  vi.resetModules()
  const old = await import('../../../../compiler/model/literals/well-formed.ts')
  expect(TEXTS.map(old.isWellFormed)).toEqual(TEXTS.map(isWritable))
})

/** What a platform of any age answers, though slowly. */
function isWritable(text: string): boolean {
  try {
    return encodeURIComponent(text) !== undefined
  } catch {
    return false
  }
}
