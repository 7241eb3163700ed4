/** Requests that can be asked again and again, each time on strings that nobody has seen before. */
import type { Engine, EngineRequest } from '../engine-wasm/host/index.ts'
import type { Asked } from './bench-budget.ts'
import { openInput } from './input.ts'
import { readLines } from './lines.ts'
import type { Terminal } from './terminal.ts'

export interface BenchRequest {
  readonly asked: Asked
  /** The request on new strings: a string that was hashed once is found faster, and no server sees the same one twice. */
  fresh(): EngineRequest
}

export interface BenchRequests {
  readonly requests: readonly BenchRequest[]
  readonly faults: readonly LineFault[]
}

/** A line that is left out, and why: it is no request, or the engine fails on it. */
export interface LineFault {
  /** From 1. */
  readonly line: number
  readonly kind: 'no-request' | 'engine-fault'
  readonly fault: string
}

/**
 * Reads a file of requests, as `kavach eval` takes them, and asks `engine` each of them once.
 *
 * @throws {CliError} 66 when it is missing
 */
export async function loadRequests(
  terminal: Terminal,
  named: string,
  { engine, now }: { readonly engine: Engine; readonly now: number | undefined },
): Promise<BenchRequests> {
  const requests: BenchRequest[] = []
  const faults: LineFault[] = []
  for await (const lines of readLines(openInput(terminal, named, 'requests'))) {
    for (const line of lines) {
      if (!('fault' in line) && line.text.trim() === '') continue
      const read = 'fault' in line ? noRequest(line.fault) : readRequest(line.text, engine, now)
      if ('fault' in read) faults.push({ line: line.number, ...read })
      else requests.push(read)
    }
    terminal.progress(() => `${requests.length} requests read`)
  }
  return { requests, faults }
}

type Fault = Omit<LineFault, 'line'>

function noRequest(fault: string): Fault {
  return { kind: 'no-request', fault }
}

function readRequest(text: string, engine: Engine, now: number | undefined): BenchRequest | Fault {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return noRequest('it is not an object')
    return toRequest(value, engine, now)
  } catch (error) {
    if (error instanceof SyntaxError) return noRequest('it is not JSON')
    if (error instanceof RangeError) return noRequest('it nests too deeply')
    throw error
  }
}

function toRequest(value: object, engine: Engine, now: number | undefined): BenchRequest | Fault {
  // The engine looks at every member itself and answers invalid-request for what it does not like.
  const asked = value as EngineRequest
  const request = {
    ...asked,
    readings: asked.readings ?? {},
    ...(now !== undefined && (asked.now === undefined || asked.now === null) && { now }),
  }
  const { decision, reason } = engine.decide(request, { charge: 'caller' })
  if (reason === 'invalid-request') return noRequest('the engine answers invalid-request')
  if (reason === 'engine-fault') return { kind: 'engine-fault', fault: 'the engine answers engine-fault' }
  const { agent, action, resource } = request
  // A copy has the members that it was made from.
  return { asked: { agent, action, resource, verdict: decision }, fresh: () => freshCopy(request) as EngineRequest }
}

/** Below it nothing is read by the engine, which refuses to descend so far. */
const MAX_LEVELS = 32

function freshCopy(value: unknown, level = 0): unknown {
  if (typeof value === 'string') return freshString(value)
  if (typeof value !== 'object' || value === null || level === MAX_LEVELS) return value
  if (Array.isArray(value)) return value.map((item) => freshCopy(item, level + 1))
  const copied: Record<string, unknown> = { ...value }
  // Every name is an own member already, `__proto__` too, so this sets members and nothing else.
  for (const name of Object.keys(copied)) copied[name] = freshCopy(copied[name], level + 1)
  return copied
}

/** Where strings are written to be read again. */
let scratch = Buffer.alloc(4096)

function freshString(text: string): string {
  // Both encodings give back every string as it was, lone surrogates too.
  const encoding = isLatin1(text) ? 'latin1' : 'utf16le'
  const bytes = encoding === 'latin1' ? text.length : 2 * text.length
  if (bytes > scratch.length) scratch = Buffer.alloc(bytes)
  scratch.write(text, encoding)
  return scratch.toString(encoding, 0, bytes)
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}
