/** Values held against schemas, with faults in the words of the host. */
import { z } from 'zod'
import { nearest } from '../../compiler/model/index.ts'
import { KavachError, type KavachErrorCode } from '../index.ts'

/**
 * The value as the schema has it. A member of the whole that nobody knows is passed over, so that callers of newer versions are
 * understood; one that could be a known one misspelt is a fault, because a limit that disappears would be no limit. Within, every
 * unknown member is a fault.
 *
 * @throws {KavachError} with `code`, and the path of what is wrong
 */
export function checked<S extends z.ZodType>(schema: S, value: unknown, code: KavachErrorCode): z.output<S> {
  const result = schema.safeParse(withoutForeign(schema, value), { reportInput: true })
  if (result.success) return result.data
  const { path, message } = faultOf(result.error.issues[0])
  throw new KavachError(code, path === '' ? `the body ${message}` : `${path}: ${message}`, { details: { path } })
}

function withoutForeign(schema: z.ZodType, value: unknown): unknown {
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null || Array.isArray(value))
    return value
  const known = Object.keys(schema.shape)
  const isForeign = (name: string) => !known.includes(name) && nearest(name, known) === undefined
  if (!Object.keys(value).some(isForeign)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => !isForeign(name)))
}

interface Fault {
  readonly path: string
  readonly message: string
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function faultOf(issue: z.core.$ZodIssue | undefined): Fault {
  if (issue === undefined) return { path: '', message: 'does not fit' }
  const path = pathOf(issue.path)
  switch (issue.code) {
    case 'unrecognized_keys': {
      const [key = ''] = issue.keys
      return { path: path === '' ? key : `${path}.${key}`, message: 'is unknown here' }
    }
    case 'invalid_type':
      if (issue.input === undefined && path !== '') return { path, message: 'is missing' }
      return { path, message: `must be ${NAMES[issue.expected] ?? issue.expected}` }
    case 'invalid_value':
      return { path, message: `must be ${issue.values.map((value) => `\`${String(value)}\``).join(' or ')}` }
    case 'too_small':
      return { path, message: `must not be ${issue.origin === 'string' ? 'shorter' : 'less'} than ${issue.minimum}` }
    case 'too_big':
      return { path, message: `must not be ${issue.origin === 'string' ? 'longer' : 'more'} than ${issue.maximum}` }
    case 'invalid_format':
      return { path, message: issue.format === 'datetime' ? 'must be an instant of RFC 3339' : 'has another form' }
    default:
      return { path, message: 'is none of what it may be' }
  }
}

/** `permissions[0].actions` */
function pathOf(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) {
    text += typeof part === 'number' ? `[${part}]` : text === '' ? String(part) : `.${String(part)}`
  }
  return text
}
