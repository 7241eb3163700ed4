/** `kavach test`: the tests in the policy files, decided by the engine. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { emitImage } from '../compiler/emit/index.ts'
import type { RuleOrigin, SourceMap, TestRequest, TestResult } from '../compiler/front/index.ts'
import type { EngineRequest, LiveEngine } from '../engine-wasm/host/index.ts'
import type { Diagnostic } from '../grammar/index.ts'
import { requireSound, type SoundPolicy } from './checked.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE, EXIT_INTERRUPTED, EXIT_USAGE } from './exit.ts'
import { FORMATS, plural, printFindings } from './findings.ts'
import { loadFront } from './language.ts'
import { putState, startEngine } from './policy-engine.ts'
import { loadPolicyFolder, type PolicyFolder, shownPath } from './policy-folder.ts'
import type { Terminal } from './terminal.ts'
import { coverageJson, coverageText, percentText } from './test-coverage.ts'
import { mutationJson, mutationText } from './test-mutate.ts'
import { type Measured, measureTests } from './test-mutate-run.ts'
import { openTarget, proposedJson, proposedText, type WriteTarget, withoutTarget, writeProposed } from './test-write.ts'

interface TestOptions {
  readonly format: (typeof FORMATS)[number]
  readonly coverage?: true
  readonly coverageMin?: number
  readonly mutate?: true
  readonly mutateMin?: number
  readonly maxMutants?: number
  /** `true` without a file. */
  readonly write?: string | true
}

export function testCommand(terminal: Terminal): Command {
  return new Command('test')
    .description('run the tests in the policy files and show what came out otherwise')
    .argument('<path>', 'folder of .kavach files, or one file')
    .addOption(new Option('--format <format>', 'how results are printed').choices(FORMATS).default('text'))
    .option('--coverage', 'show which parts of the policy the tests do not see deciding')
    .option('--coverage-min <percent>', 'the same, and fail below so many percent', toPercent)
    .option('--mutate', 'make small mistakes in the policy and show which of them no test notices')
    .option('--mutate-min <percent>', 'the same, and fail below so many percent', toPercent)
    .option('--max-mutants <count>', 'make at most so many mistakes, evenly spread', toCount)
    .option('--write [file]', 'propose tests for what is not noticed, into NAME.generated.test.kavach')
    .addHelpText(
      'after',
      `
Examples:
  kavach test policy
  kavach test policy --format github    annotations in a pull request
  kavach test policy --coverage --mutate
  kavach test policy --mutate-min 80 --coverage-min 90    for CI
  kavach test policy --write policy/acme.generated.test.kavach

A row asks each of its actions; the exit code is 1 when one answer is not the expected one, or when coverage
or noticed mutants are fewer than asked for. Meters that a row does not mention read 0.`,
    )
    .action(async (path: string, options: TestOptions) => {
      terminal.recordExit(await test(terminal, path, options))
    })
}

function toPercent(text: string): number {
  const percent = Number(text)
  if (text.trim() === '' || !(percent >= 0 && percent <= 100)) throw new InvalidArgumentError('0 to 100 is wanted.')
  return percent
}

function toCount(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('a whole number from 1 on is wanted.')
  return count
}

async function test(terminal: Terminal, path: string, options: TestOptions): Promise<number> {
  const { format, write } = options
  const wanted = wantedOf(options)
  if (wanted.any && format !== 'text' && format !== 'json') {
    throw new CliError(EXIT_USAGE, `coverage and mutants are not printed as \`${format}\``, 'use `text` or `json`')
  }
  const target = typeof write === 'string' ? await openTarget(terminal, write) : undefined
  const folder = withoutTarget(loadPolicyFolder(terminal, path), target)
  const policy = await requireSound(terminal, folder)
  const answers = await answerAll(policy)
  const show = (file: string): string => shownPath(terminal, folder.root, file)
  const failed = answers.filter(({ result }) => !result.passed)
  if (format === 'text') await terminal.print(toText(terminal, folder, answers))
  if (format !== 'json') await printFindings(terminal, folder, failed.map(toDiagnostic), format)
  if (format === 'text') await terminal.print(`${failed.length > 0 ? '\n' : ''}${summary(terminal, path, answers)}`)
  const isMeasured = wanted.any && failed.length === 0
  const results = answers.map(({ result }) => result)
  const measured = isMeasured ? await measureTests(terminal, policy, results, wanted) : {}
  if (measured === undefined) return EXIT_INTERRUPTED
  if (wanted.any && !isMeasured) terminal.note('coverage and mutants are measured once every test passes\n')
  if (target !== undefined && measured.proposed !== undefined) writeProposed(terminal, target, measured.proposed)
  if (format === 'text') await terminal.print(measuredText(measured, target, show))
  if (format === 'json') {
    const json = { ...toJson(policy, answers, show), ...measuredJson(measured, show) }
    await terminal.print(`${JSON.stringify(json, jsonValue, 2)}\n`)
  }
  return failed.length > 0 || isTooLittle(terminal, measured, options) ? EXIT_FINDINGS : EXIT_FINE
}

/** Proposals need something to be measured: both, unless one is named. */
function wantedOf({ coverage, coverageMin, mutate, mutateMin, maxMutants, write }: TestOptions) {
  const named = {
    coverage: coverage !== undefined || coverageMin !== undefined,
    mutate: mutate !== undefined || mutateMin !== undefined || maxMutants !== undefined,
  }
  const propose = write !== undefined
  const isBoth = propose && !named.coverage && !named.mutate
  const wanted = isBoth ? { coverage: true, mutate: true } : named
  return { ...wanted, maxMutants, propose, any: wanted.coverage || wanted.mutate }
}

function measuredText(
  { coverage, mutation, proposed }: Measured,
  target: WriteTarget | undefined,
  show: (path: string) => string,
): string {
  return [
    coverage && coverageText(coverage, show),
    mutation && mutationText(mutation, show),
    proposed && proposedText(proposed, target, show),
  ].join('')
}

function measuredJson({ coverage, mutation, proposed }: Measured, show: (path: string) => string): object {
  return {
    ...(coverage && { coverage: coverageJson(coverage, show) }),
    ...(mutation && { mutation: mutationJson(mutation, show) }),
    ...(proposed && { proposed: proposedJson(proposed, show) }),
  }
}

function jsonValue(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function isTooLittle(terminal: Terminal, { coverage, mutation }: Measured, options: TestOptions): boolean {
  const { coverageMin = 0, mutateMin = 0 } = options
  const complaints = [
    ...(coverage !== undefined && coverage.score.percent < coverageMin
      ? [`coverage is ${percentText(coverage.score.percent)}, less than ${coverageMin} %`]
      : []),
    ...(mutation !== undefined && mutation.score.score < mutateMin
      ? [`${percentText(mutation.score.score)} of the mutants are noticed, less than ${mutateMin} %`]
      : []),
  ]
  for (const complaint of complaints) {
    terminal.note(`kavach: ${complaint}\n  = help: \`kavach test --write\` proposes the tests that are missing\n`)
  }
  return complaints.length > 0
}

/** A question of a row, and of one that failed the rule to look at. */
interface Answer {
  readonly result: TestResult
  readonly rule: { readonly origin: RuleOrigin; readonly said: string } | undefined
}

async function answerAll({ files, model, map }: SoundPolicy): Promise<readonly Answer[]> {
  const { RUNTIME_TEST_STATE, runTests } = await loadFront()
  const engine = startEngine({ kind: 'image', image: emitImage(model) }, model.name)
  putState(engine, RUNTIME_TEST_STATE, 'runtime')
  const results = runTests(files, (request) => engine.decide(toEngineRequest(request), { charge: 'caller' }))
  return results.map((result) => ({ result, rule: result.passed ? undefined : ruleBehind(engine, map, result) }))
}

function toEngineRequest(request: TestRequest): EngineRequest {
  const asked = { ...request, readings: request.readings ?? {} }
  return asked as EngineRequest // The engine looks at `args` itself and answers invalid-request for what is no object.
}

/** The guardrail that denied, or the grant that was used, or the one that came nearest. */
function ruleBehind(engine: LiveEngine, map: SourceMap, { request }: TestResult): Answer['rule'] {
  const { decision, rules } = engine.explain(toEngineRequest(request), { charge: 'caller' })
  const decided = map.rules[decision.guard ?? decision.grant ?? -1]
  if (decided !== undefined) return { origin: decided, said: `this ${nounOf(decided)} decided` }
  const missed = rules.filter(({ grant, failed }) => map.rules[grant] !== undefined && failed.length > 0)
  const [nearest] = [...missed].sort((a, b) => a.failed.length - b.failed.length || a.grant - b.grant)
  const origin = nearest && map.rules[nearest.grant]
  return origin && { origin, said: `the nearest grant: ${nearest.failed.join(', ')}` }
}

/** Answers of one test, and below it of one row, in the order of the text. */
interface TestGroup {
  readonly path: string
  readonly title: string
  readonly rows: readonly (readonly Answer[])[]
}

function groupByTest(answers: readonly Answer[]): readonly TestGroup[] {
  const tests: { path: string; title: string; rows: Answer[][] }[] = []
  let last: TestResult | undefined
  for (const answer of answers) {
    const { path, title, span } = answer.result
    const isSameTest = last?.path === path && last.title === title
    if (!isSameTest) tests.push({ path, title, rows: [] })
    const rows = tests.at(-1)?.rows ?? []
    if (isSameTest && last?.span.start === span.start) rows.at(-1)?.push(answer)
    else rows.push([answer])
    last = answer.result
  }
  return tests
}

function toText(terminal: Terminal, folder: PolicyFolder, answers: readonly Answer[]): string {
  const lines: string[] = []
  for (const { path, title, rows } of groupByTest(answers)) {
    lines.push(`${title}  ${paint(terminal, DIM, shownPath(terminal, folder.root, path))}`)
    for (const row of rows) {
      const isPassed = row.every(({ result }) => result.passed)
      const mark = isPassed ? paint(terminal, GREEN, 'ok    ') : paint(terminal, RED, 'FAILED')
      lines.push(`  ${mark}  ${oneLine(row[0]?.result.row ?? '')}`)
    }
    lines.push('')
  }
  return lines.map((line) => `${line}\n`).join('')
}

function oneLine(row: string): string {
  return row.replace(/\s*\n\s*/g, ' ')
}

function summary(terminal: Terminal, path: string, answers: readonly Answer[]): string {
  if (answers.length === 0) {
    return `${path}: no tests\n  = help: write \`test "what you expect" as AGENT { allow read on RESOURCE }\` into a file beside the policy\n`
  }
  const tests = groupByTest(answers)
  const failed = answers.filter(({ result }) => !result.passed).length
  const questions = `${plural(answers.length, 'question')}: ${answers.length - failed} passed, ${failed} failed`
  return paint(terminal, failed > 0 ? RED : GREEN, `${plural(tests.length, 'test')}, ${questions}`).concat('\n')
}

/** What `--format sarif` and `github` report, and what `text` shows below the list. */
function toDiagnostic({ result, rule }: Answer): Diagnostic {
  const { path, span, request, expected, got, title } = result
  const want = expected.reason === undefined ? `\`${expected.decision}\`` : because(expected.decision, expected.reason)
  return {
    code: 'KV8001',
    severity: 'error',
    message: `expected ${want}, got ${because(got.decision, got.reason)}`,
    path,
    span,
    label: `of the test \`${title}\``,
    ...(rule !== undefined && {
      secondary: [{ path: rule.origin.path, span: rule.origin.span, label: rule.said }],
    }),
    notes: [{ key: 'request', text: JSON.stringify(withTimes(request)) }],
    help: 'mend the rule, or the row when the policy is right',
  }
}

/** Times as a person reads them; the engine takes either. */
function withTimes(request: TestRequest): unknown {
  const stamp = (ms: number) => new Date(ms).toISOString()
  return {
    ...request,
    ...(request.now !== undefined && { now: stamp(request.now) }),
    ...(request.since !== undefined && { since: stamp(request.since) }),
  }
}

function because(decision: string, reason: string): string {
  return `\`${decision}\` because \`${reason}\``
}

function nounOf(rule: RuleOrigin): string {
  return rule.kind === 'allow' ? 'grant' : 'guardrail'
}

function toJson({ model, map }: SoundPolicy, answers: readonly Answer[], show: (path: string) => string): object {
  const failed = answers.filter(({ result }) => !result.passed).length
  return {
    policy: { name: model.name, generation: Number(model.generation), rules: map.rules.length },
    passed: answers.length - failed,
    failed,
    tests: groupByTest(answers).map(({ path, title, rows }) => ({
      path: show(path),
      title,
      rows: rows.flat().map(({ result, rule }) => ({
        row: oneLine(result.row),
        passed: result.passed,
        request: withTimes(result.request),
        expected: result.expected,
        got: result.got,
        ...(rule !== undefined && {
          rule: { id: rule.origin.id, path: show(rule.origin.path), line: rule.origin.line },
        }),
      })),
    })),
  }
}

const GREEN = 32
const RED = 31
const DIM = 2

function paint(terminal: Terminal, color: number, text: string): string {
  return terminal.color ? `\u001b[${color}m${text}\u001b[0m` : text
}
