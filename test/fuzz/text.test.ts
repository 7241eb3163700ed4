/**
 * Generated and mutated policy texts: nothing crashes, nothing hangs, and whatever is wrong is said in our words, with a code
 * and a place. What is right prints to a text that means the same, and compiles to an image that the engine takes.
 */
import { expect, test } from 'vitest'
import { emitImage } from '../../compiler/emit/index.ts'
import { checkPolicy } from '../../compiler/front/index.ts'
import {
  type Diagnostic,
  type DiagnosticFormat,
  parsePolicy,
  printPolicy,
  renderDiagnostics,
} from '../../grammar/index.ts'
import { Instance } from './instance.ts'
import { runCases, runsOr } from './setting.ts'
import { Tally } from './tally.ts'
import { mutateText } from './text-mutants.ts'

const RUNS = runsOr(10_000)
const PATH = 'p.kavach'
/** A text that took longer is tried again, alone, and judged by the processor's time, for a busy machine makes any text slow. */
const MOST_MS = 100
const TRIES = 8
/** Processors that share their caches with others are slower even so. */
const BUSY = 2
const FORMATS: readonly DiagnosticFormat[] = ['text', 'json', 'sarif', 'github']
/** What a parser generator says, and what programs print by mistake. */
const FOREIGN =
  /Expecting|token of type|NoViableAlt|MismatchedToken|NotAllInput|EarlyExit|EOF|-->|undefined|\[object|NaN/

test(
  `${RUNS} texts are refused with a place and a reason, or compiled`,
  () => {
    const verdicts = new Tally()
    const codes = new Tally()
    let slowest = 0
    let engine = new Instance()
    runCases('text', RUNS, (random, number) => {
      const { text, kind } = mutateText(random)
      const started = performance.now()
      const { diagnostics, image } = work(text, number)
      const ms = performance.now() - started
      if (ms > MOST_MS) slowest = Math.max(slowest, assertQuick(text, number))
      else slowest = Math.max(slowest, ms)
      for (const diagnostic of diagnostics) {
        assertDiagnostic(diagnostic, text)
        codes.add(diagnostic.code)
      }
      const hasErrors = diagnostics.some(({ severity }) => severity === 'error')
      if (!hasErrors && image === undefined)
        throw new Error(`nothing is wrong, and there is no model: ${JSON.stringify(text)}`)
      if (number % 1000 === 0) engine = new Instance()
      if (image !== undefined) assertTaken(engine, image)
      verdicts.add(`${kind}, ${hasErrors ? 'refused' : 'compiled'}`)
    })
    console.log(`${verdicts.print('texts')}\nslowest ${slowest.toFixed(1)} ms\n${codes.print('codes')}`)
    if (RUNS < 1000) return
    expect(verdicts.share((verdict) => verdict.endsWith('compiled'))).toBeGreaterThan(0.05)
  },
  RUNS * 50 + 60_000,
)

/** All that the command line does with a text. */
function work(
  text: string,
  number: number,
): { readonly diagnostics: readonly Diagnostic[]; readonly image: Uint8Array | undefined } {
  const parsed = parsePolicy(PATH, text)
  const checked = checkPolicy([parsed.file])
  const diagnostics = [...parsed.diagnostics, ...checked.diagnostics]
  const format = FORMATS[number % FORMATS.length] ?? 'text'
  renderDiagnostics(diagnostics, new Map([[PATH, text]]), format, { color: number % 8 === 0 })
  if (!parsed.diagnostics.some(({ severity }) => severity === 'error')) assertPrintable(text)
  return { diagnostics, image: checked.model && emitImage(checked.model) }
}

function assertPrintable(text: string): void {
  const printed = printPolicy(parsePolicy(PATH, text).file)
  const again = parsePolicy(PATH, printed)
  if (again.diagnostics.some(({ severity }) => severity === 'error'))
    throw new Error(`the printed text has errors: ${JSON.stringify(text)}`)
  if (printPolicy(again.file) !== printed)
    throw new Error(`printing twice is not printing once: ${JSON.stringify(text)}`)
}

/** Tries a slow text alone, some times, and takes the best; the milliseconds. */
function assertQuick(text: string, number: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let left = TRIES; left > 0 && best > MOST_MS; left--) {
    const started = process.cpuUsage()
    work(text, number)
    const { user, system } = process.cpuUsage(started)
    best = Math.min(best, (user + system) / 1000)
  }
  if (best <= MOST_MS * BUSY) return best
  throw new Error(`a text of ${text.length} characters takes ${best.toFixed(0)} ms: ${JSON.stringify(text)}`)
}

function assertDiagnostic({ code, severity, message, path, span, help, label }: Diagnostic, text: string): void {
  const faults = [
    !/^KV[0-9]{4}$/.test(code) && `code ${code}`,
    severity !== 'error' && severity !== 'warning' && `severity ${severity}`,
    path !== PATH && `path ${path}`,
    !isSpan(span, text) && `span ${JSON.stringify(span)} of ${text.length}`,
    !/^([a-z0-9`]|U\+|[A-Z]{2,} )/.test(message) && 'its message begins otherwise than with a small letter',
    /[.!]$/.test(message) && 'its message ends in a stop',
    [message, help ?? '', label ?? ''].some((words) => isForeign(words, text)) &&
      'it speaks the language of the parser',
  ].filter((fault) => fault !== false)
  if (faults.length > 0) throw new Error(`${faults.join(', ')}: ${code} ${message}\n${JSON.stringify(text)}`)
}

function isSpan({ start, end }: { readonly start: number; readonly end: number }, text: string): boolean {
  return Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= text.length
}

/** What the author wrote may stand in a message, between backticks; the rest is ours. */
function isForeign(words: string, text: string): boolean {
  const [found] = FOREIGN.exec(words.replace(/`.*`/s, '')) ?? []
  return found !== undefined || (FOREIGN.test(words.replace(/`[^`]*`/g, '')) && !FOREIGN.test(text))
}

function assertTaken(engine: Instance, image: Uint8Array): void {
  const at = engine.exports.image_begin(image.length) >>> 0
  engine.bytes().set(image, at)
  const status = engine.exports.image_verify(0x7fffffff)
  if (status !== 0) throw new Error(`the engine refuses what was compiled, with status ${status}`)
}
