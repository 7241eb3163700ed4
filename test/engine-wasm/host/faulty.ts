/** An engine that traps: its own bytes, with a function in front of `eval` that does not return for one length of request. */

const FUNCTION = 3
const EXPORT = 7
const CODE = 10

/** The module, but `eval(length)` is `unreachable`. Whatever else it does is untouched. */
export function trapAt(module: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const sections = sectionsOf(module)
  const body = (id: number) => sections.find((section) => section.id === id)?.body ?? new Uint8Array()
  const functions = readLeb(body(FUNCTION), 0)
  const target = exportOf(body(EXPORT), 'eval')
  const added = functions.value
  const typeOfEval = typeAt(body(FUNCTION), target.index)
  const trap = [
    0,
    0x20,
    0,
    0x41,
    ...signedLeb(length),
    0x46,
    0x04,
    0x40,
    0x00,
    0x0b,
    0x20,
    0,
    0x10,
    ...leb(target.index),
    0x0b,
  ]
  const changed = new Map([
    [FUNCTION, [...leb(added + 1), ...body(FUNCTION).subarray(functions.end), ...leb(typeOfEval)]],
    [EXPORT, [...body(EXPORT).subarray(0, target.start), ...leb(added), ...body(EXPORT).subarray(target.end)]],
    [CODE, [...leb(added + 1), ...body(CODE).subarray(readLeb(body(CODE), 0).end), ...leb(trap.length), ...trap]],
  ])
  const bytes = sections.flatMap(({ id, body }) => {
    const content = changed.get(id) ?? [...body]
    return [id, ...leb(content.length), ...content]
  })
  return Uint8Array.from([...module.subarray(0, 8), ...bytes])
}

interface Section {
  readonly id: number
  readonly body: Uint8Array
}

function sectionsOf(module: Uint8Array): readonly Section[] {
  const sections: Section[] = []
  for (let at = 8; at < module.length; ) {
    const { value, end } = readLeb(module, at + 1)
    sections.push({ id: module[at] ?? 0, body: module.subarray(end, end + value) })
    at = end + value
  }
  return sections
}

/** Where the index of an exported function stands. */
function exportOf(
  body: Uint8Array,
  name: string,
): { readonly index: number; readonly start: number; readonly end: number } {
  let { value: count, end: at } = readLeb(body, 0)
  for (; count > 0; count--) {
    const length = readLeb(body, at)
    const text = new TextDecoder().decode(body.subarray(length.end, length.end + length.value))
    const start = length.end + length.value + 1
    const index = readLeb(body, start)
    if (text === name && body[start - 1] === 0) return { index: index.value, start, end: index.end }
    at = index.end
  }
  throw new TypeError(`no export ${name}`)
}

/** The engine imports nothing, so functions are numbered as they stand. */
function typeAt(body: Uint8Array, index: number): number {
  let at = readLeb(body, 0).end
  for (let i = 0; i < index; i++) at = readLeb(body, at).end
  return readLeb(body, at).value
}

function readLeb(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0
  for (let i = 0; ; i++) {
    const byte = bytes[start + i] ?? 0
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, end: start + i + 1 }
  }
}

function leb(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]
}

function signedLeb(value: number): readonly number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signedLeb(value >>> 7)]
}
