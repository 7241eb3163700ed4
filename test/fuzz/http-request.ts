/** Requests as bytes: what they say, what is broken about them, and how the same can be said otherwise. */
import type { Random } from '../properties/generate/random.ts'

export interface HttpSeed {
  readonly name: string
  readonly method: string
  /** With its query. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** A text, or bytes; JSON and forms are mutated by their members. */
  readonly body?: string | Uint8Array
  readonly type?: 'json' | 'form' | 'bytes'
  /** Asked twice it has the same answer, ids and times apart. */
  readonly isRepeatable?: boolean
}

export interface Rendered {
  readonly bytes: Uint8Array
  /** False: what it says of its length is not so, and nobody need answer it. */
  readonly isFramed: boolean
}

/** A request with some things about it changed, whatever it means then. */
export function mutantOf(random: Random, seed: HttpSeed, others: readonly HttpSeed[]): Rendered {
  let mutant = seed
  for (let left = random.between(1, 3); left > 0; left--) mutant = mutated(random, mutant, others)
  return random.chance(0.05) ? misframed(random, mutant) : render(mutant)
}

/** The same request, said otherwise. */
export function synonymOf(random: Random, seed: HttpSeed): Rendered {
  let { target, headers, body, type } = seed
  headers = random.shuffle(headers).map(([name, value]): readonly [string, string] => {
    return [random.chance(0.5) ? oddCase(random, name) : name, value]
  })
  headers = headers.map(([name, value]): readonly [string, string] => {
    if (name.toLowerCase() === 'authorization' && random.chance(0.5)) return [name, value.replace(/^Bearer/, 'bEARER')]
    if (name.toLowerCase() === 'content-type' && type === 'json' && random.chance(0.5)) {
      return [
        name,
        random.pick(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"']),
      ]
    }
    return [name, value]
  })
  if (random.chance(0.3))
    headers = [...headers, ['X-Unknown', 'a'], ['X-Forwarded-For', '10.0.0.1'], ['Forwarded', 'for=10.0.0.1']]
  const [path = '', query] = target.split('?')
  if (query !== undefined) target = `${path}?${random.shuffle(query.split('&')).join('&')}`
  const isExtended = random.chance(0.3)
  if (type === 'json' && typeof body === 'string') {
    const value: unknown = JSON.parse(body)
    // A member that nobody knows.
    body = written(random, isExtended && typeof value === 'object' ? { ...value, 'of-a-newer-version': [1] } : value)
  }
  if (type === 'form' && typeof body === 'string') {
    const pairs = [...body.split('&'), ...(isExtended ? ['of-a-newer-version=1'] : [])]
    body = random.shuffle(pairs).join('&')
  }
  const { body: _, ...rest } = seed
  const same: HttpSeed = { ...rest, target, headers, ...(body !== undefined && { body }) }
  return random.chance(0.2) && body !== undefined ? chunked(random, same) : render(same)
}

export function render({ method, target, headers, body }: HttpSeed): Rendered {
  const bytes = bytesOf(body ?? '')
  const length = body === undefined ? '' : `content-length: ${bytes.length}\r\n`
  const head = `${method} ${target} HTTP/1.1\r\nhost: kavach.example\r\n${linesOf(headers)}${length}connection: close\r\n\r\n`
  return { bytes: joined(latin1(head), bytes), isFramed: true }
}

function chunked(random: Random, { method, target, headers, body = '' }: HttpSeed): Rendered {
  const bytes = bytesOf(body)
  const head = `${method} ${target} HTTP/1.1\r\nhost: kavach.example\r\n${linesOf(headers)}transfer-encoding: chunked\r\nconnection: close\r\n\r\n`
  const parts = [latin1(head)]
  for (let at = 0; at < bytes.length; ) {
    const part = bytes.subarray(at, at + random.between(1, 64))
    parts.push(latin1(`${part.length.toString(16)}\r\n`), part, latin1('\r\n'))
    at += part.length
  }
  return { bytes: joined(...parts, latin1('0\r\n\r\n')), isFramed: true }
}

/** Its length is wrong, its end is missing, or it is not even a request. */
function misframed(random: Random, seed: HttpSeed): Rendered {
  const { bytes } = render(seed)
  const broken = Uint8Array.from(bytes)
  switch (random.below(4)) {
    case 0:
      return { bytes: broken.subarray(0, random.below(broken.length)), isFramed: false }
    case 1:
      for (let left = random.between(1, 5); left > 0; left--) broken[random.below(broken.length)] = random.below(256)
      return { bytes: broken, isFramed: false }
    case 2:
      return { bytes: joined(broken, latin1('X')), isFramed: false }
    default: {
      const lengths = [
        'content-length: 3\r\n',
        'content-length: -1\r\n',
        'transfer-encoding: chunked\r\n',
        'expect: 100-continue\r\n',
      ]
      const text = Buffer.from(broken)
        .toString('latin1')
        .replace('\r\n', `\r\n${random.pick(lengths)}`)
      return { bytes: latin1(text), isFramed: false }
    }
  }
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'get', 'PROPFIND']
const SEGMENTS = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  '%00',
  '%ff',
  '%zz',
  'constructor',
  '__proto__',
  'x'.repeat(3000),
  'ü',
  '*',
  ':id',
  '{agentId}',
  '/',
  '%25',
  '?',
  ';a=b',
]
const VALUES = [
  '',
  '0',
  '-1',
  '1e400',
  'true',
  'null',
  '%ff',
  '%zz',
  '__proto__',
  'x'.repeat(9000),
  '2026-02-30T00:00:00Z',
  '999999999999',
  'a,b,,c',
  '%F0%9F%98%80',
  '..',
  '*',
]
const HEADER_VALUES = [
  '',
  ' ',
  'Bearer',
  'Bearer ',
  'Bearer kv_',
  'Bearer kvp_x',
  'Basic YTpi',
  'null',
  '*/*',
  'application/json',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-7',
  'gzip',
  'x'.repeat(4000),
  'é',
  '1, 2',
  'http://evil.example',
  '127.0.0.1, 10.0.0.1',
]
const HEADER_NAMES = [
  'authorization',
  'content-type',
  'content-encoding',
  'accept',
  'idempotency-key',
  'x-kavach-approver',
  'x-forwarded-for',
  'x-http-method-override',
  'origin',
  'cookie',
  'range',
  'if-none-match',
  '__proto__',
  'constructor',
  'dpop',
  'upgrade',
]
const MEMBERS = ['__proto__', 'constructor', 'prototype', 'toString', 'agentId', 'action', 'extra', '', 'a'.repeat(300)]
const ODD = [
  '',
  'x',
  '*',
  '**',
  'doc:*',
  '\ud800',
  '\u0000',
  'é',
  'e\u0301',
  'kv_',
  '__proto__',
  '2026-04-01',
  'x'.repeat(20_000),
  'agt_1',
]

function mutated(random: Random, seed: HttpSeed, others: readonly HttpSeed[]): HttpSeed {
  const { body: _, ...bare } = seed
  switch (random.below(9)) {
    case 0:
      return { ...seed, method: random.pick(METHODS) }
    case 1:
      return { ...seed, target: mutatedPath(random, seed.target) }
    case 2:
      return { ...seed, target: mutatedQuery(random, seed.target) }
    case 3:
      return { ...seed, headers: mutatedHeaders(random, seed.headers) }
    case 4: {
      const other = random.pick(others)
      return { ...bare, ...(other.body !== undefined && { body: other.body }) }
    }
    case 5: {
      const credential = random.pick(others).headers.find(([name]) => name === 'authorization')
      const rest = seed.headers.filter(([name]) => name !== 'authorization')
      return { ...seed, headers: credential === undefined ? rest : [...rest, credential] }
    }
    default:
      return seed.body === undefined
        ? { ...seed, body: random.pick(['{}', '[]', 'null', '', 'x=1']) }
        : { ...seed, body: mutatedBody(random, seed) }
  }
}

function mutatedPath(random: Random, target: string): string {
  const [path = '', ...query] = target.split('?')
  const segments = path.split('/')
  const at = random.between(1, segments.length)
  if (random.chance(0.7)) segments[Math.min(at, segments.length - 1)] = printable(random.pick(SEGMENTS))
  else segments.splice(at, 0, printable(random.pick(SEGMENTS)))
  return [segments.join('/') || '/', ...query].join('?')
}

function mutatedQuery(random: Random, target: string): string {
  const [path = '', query = ''] = target.split('?')
  const pairs = query === '' ? [] : query.split('&')
  const name =
    pairs.length === 0 || random.chance(0.3)
      ? random.pick(['a', 'limit', 'cursor', '__proto__', ''])
      : (random.pick(pairs).split('=')[0] ?? '')
  const pair = `${name}=${printable(random.pick(VALUES))}`
  if (pairs.length > 0 && random.chance(0.6)) pairs[random.below(pairs.length)] = pair
  else pairs.push(pair)
  return `${path}?${pairs.join('&')}`
}

function mutatedHeaders(random: Random, headers: HttpSeed['headers']): HttpSeed['headers'] {
  const at = random.below(headers.length + 1)
  const one = headers[at]
  const value = random.pick(HEADER_VALUES)
  if (one === undefined) return [...headers, [random.pick(HEADER_NAMES), value]]
  switch (random.below(3)) {
    case 0:
      return headers.filter((header) => header !== one)
    case 1:
      return [...headers, one]
    default:
      return headers.map((header) => (header === one ? [header[0], value] : header))
  }
}

function mutatedBody(random: Random, { body = '', type }: HttpSeed): string | Uint8Array {
  if (type === 'json' && typeof body === 'string' && random.chance(0.7)) {
    const value = jsonOf(body)
    if (value !== undefined) return tweaked(random, JSON.stringify(replaced(random, value)))
  }
  if (type === 'form' && typeof body === 'string' && random.chance(0.7))
    return mutatedQuery(random, `?${body}`).slice(1)
  const bytes = Uint8Array.from(bytesOf(body))
  switch (random.below(4)) {
    case 0:
      return bytes.subarray(0, random.below(bytes.length + 1))
    case 1:
      return joined(bytes, bytes)
    case 2:
      return joined(bytes, new Uint8Array(random.pick([100, 70_000])).fill(0x20))
    default:
      for (let left = random.between(1, 8); left > 0 && bytes.length > 0; left--)
        bytes[random.below(bytes.length)] = random.below(256)
      return bytes
  }
}

/** A member stated twice, too much depth, a number that is none: what no value has. */
function tweaked(random: Random, text: string): string {
  if (random.chance(0.85)) return text
  switch (random.below(4)) {
    case 0:
      return text.replace(/^\{("[^"]*":)/, '{$1null,$1')
    case 1:
      return text.replace(
        /:("[^"]*"|\d+|true|false|null)/,
        `:${'['.repeat(random.pick([5, 33, 5000]))}${']'.repeat(random.pick([5, 33, 5000]))}`,
      )
    case 2:
      return text.replace(
        /:("[^"]*"|\d+|true|false|null)/,
        `:${random.pick(['1e400', '-0', '1e-400', '9007199254740993', '"\\ud800"', '"\\u0000"', '01', 'NaN'])}`,
      )
    default:
      return text.replace('{', '{"__proto__":{"polluted":1},')
  }
}

function replaced(random: Random, value: unknown): unknown {
  if (random.chance(0.15)) return oddValue(random)
  if (Array.isArray(value)) {
    const list = [...value]
    const at = random.below(list.length + 1)
    list[at] = list[at] === undefined ? oddValue(random) : replaced(random, list[at])
    return list
  }
  if (typeof value !== 'object' || value === null) return oddValue(random)
  const members = Object.entries(value)
  const at = random.below(members.length + 1)
  const [name, member] = members[at] ?? [random.pick(MEMBERS), undefined]
  const changed = random.chance(0.2) ? undefined : member === undefined ? oddValue(random) : replaced(random, member)
  return Object.fromEntries([...members.filter((_, place) => place !== at), [name, changed]])
}

function oddValue(random: Random): unknown {
  const values = [
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    5e-324,
    2 ** 53,
    [],
    {},
    [[]],
    [null],
    { constructor: { prototype: { polluted: 1 } } },
  ]
  return random.chance(0.5) ? random.pick(ODD) : random.pick(values)
}

/** What JSON says here; nothing for a text that is none, or nests so deep that it could not be written again. */
function jsonOf(text: string): unknown {
  if (/[[{]{100}/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** JSON with its members in another order, blanks between them and characters escaped. */
function written(random: Random, value: unknown): string {
  const blank = () => random.pick(['', '', ' ', '\n', '\t', '\r\n  '])
  if (typeof value === 'string') {
    const text = JSON.stringify(value)
    return random.chance(0.2)
      ? text.replace(/[a-z:](?=[^\\]*")/, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
      : text
  }
  if (Array.isArray(value))
    return `[${blank()}${value.map((item) => written(random, item)).join(`${blank()},`)}${blank()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = random.shuffle(Object.entries(value)).map(([name, member]) => {
    return `${blank()}${JSON.stringify(name)}${blank()}:${blank()}${written(random, member)}`
  })
  return `{${members.join(`${blank()},`)}${blank()}}`
}

function oddCase(random: Random, text: string): string {
  return Array.from(text, (one) => (random.chance(0.5) ? one.toUpperCase() : one.toLowerCase())).join('')
}

/** What can stand in the first line of a request. */
function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, (one) => encodeURIComponent(one))
}

function linesOf(headers: HttpSeed['headers']): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? new TextEncoder().encode(body) : body
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (one) => one.charCodeAt(0))
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
