/** Queries of URLs, by their schema: texts become numbers, booleans and lists where the schema wants these. */
import { z } from 'zod'
import { KavachError } from '../index.ts'
import { checked } from './checked.ts'

const MAX_CHARS = 8192

/** @throws {KavachError} KVCH_E_REQUEST_INVALID for what does not fit, is repeated, unknown, or badly encoded */
export function readQuery(url: string, schema: z.ZodObject | undefined): unknown {
  const start = url.indexOf('?')
  const text = start < 0 ? '' : url.slice(start + 1)
  if (text.length > MAX_CHARS) throw new KavachError('KVCH_E_REQUEST_INVALID', 'the query is too long')
  const given = new Map<string, string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals))
    if (given.has(name)) fail(name, 'is stated twice')
    given.set(name, equals < 0 ? '' : decoded(pair.slice(equals + 1)))
  }
  if (schema === undefined) {
    for (const name of given.keys()) fail(name, 'is unknown here; there are no parameters')
    return {}
  }
  const shape: Readonly<Record<string, unknown>> = schema.shape
  const values = [...given].map(([name, value]) => {
    // A filter that is not heeded would show more than was asked for.
    if (!Object.hasOwn(shape, name)) fail(name, 'is unknown here')
    return [name, readValue(kindOf(shape[name]), value)] as const
  })
  return checked(schema, Object.fromEntries(values), 'KVCH_E_REQUEST_INVALID')
}

export type QueryKind = 'text' | 'number' | 'boolean' | 'list'

/** What a parameter of this schema is written as. */
export function kindOf(schema: unknown): QueryKind {
  if (schema instanceof z.ZodOptional) return kindOf(schema.unwrap())
  if (schema instanceof z.ZodNumber) return 'number'
  if (schema instanceof z.ZodBoolean) return 'boolean'
  return schema instanceof z.ZodArray ? 'list' : 'text'
}

/** What is none stays a text, and the schema refuses it. */
function readValue(kind: QueryKind, text: string): unknown {
  switch (kind) {
    case 'number':
      return /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'list':
      return text.split(',')
    case 'text':
      return text
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new KavachError('KVCH_E_REQUEST_INVALID', 'the query is not encoded as UTF-8 in percent escapes', { cause })
  }
}

function fail(path: string, message: string): never {
  throw new KavachError('KVCH_E_REQUEST_INVALID', `${path.slice(0, 64)}: ${message}`, { details: { path } })
}
