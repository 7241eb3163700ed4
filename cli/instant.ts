/** Times on the command line. */
import { InvalidArgumentError } from 'commander'

/** Milliseconds since 1970 of an RFC 3339 time with `Z`, or of whole milliseconds; a parser for commander's options. */
export function toInstant(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const isStamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text)
  const ms = isStamp ? Date.parse(text) : Number.NaN
  // Date.parse moves 30 February to March; a date that does not exist is an error here.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text.slice(0, 19))) {
    throw new InvalidArgumentError('It wants a time such as 2026-04-01T10:00:00Z.')
  }
  return ms
}
