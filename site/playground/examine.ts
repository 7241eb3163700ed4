/** What the workers do: from text to findings, modules, decisions, proofs and explanations. Nothing of it knows a page. */
import {
  administratorText,
  analyzePolicy,
  type CheckResult,
  type Counterexample,
  callerText,
  checkPolicy,
  type Diagnostic,
  emitImage,
  emitState,
  emitTypes,
  explainRequest,
  type PolicyAnalysis,
  type PolicyFile,
  type PolicyModel,
  parsePolicy,
  parseState,
  type RequestExplanation,
  RUNTIME_TEST_STATE,
  runTests,
  spliceModule,
  type TestRequest,
} from 'kavachos/compiler'
import { EngineError, type EngineRequest, type LiveEngine, loadLiveEngine } from 'kavachos/engine'
import { renderDiagnostics, type TextEdit } from 'kavachos/grammar'
import type {
  Answer,
  Ask,
  Checked,
  Decided,
  EditRow,
  Explained,
  Finding,
  ProofRow,
  Proved,
  RuleRow,
  TextChange,
} from './messages.ts'

/** The name under which findings show the text. */
const PATH = 'policy.kavach'

export interface Surroundings {
  readonly engineWasm: Uint8Array
  readonly catalogs: Readonly<Record<string, string>>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds since some moment, with fractions. */
  readonly clock: () => number
}

/** Answers what the page asks; the policy that was asked about last is kept. */
export function createExaminer(around: Surroundings): (ask: Ask) => Answer {
  let last: { readonly text: string; readonly policy: Policy } | undefined
  const policyOf = (text: string): Policy => {
    if (last?.text !== text) last = { text, policy: readPolicy(text, around) }
    return last.policy
  }
  return (ask) => {
    const policy = policyOf(ask.text)
    switch (ask.kind) {
      case 'check':
        return { kind: 'check', ...check(ask.text, policy, around) }
      case 'prove':
        return { kind: 'prove', ...prove(ask.text, policy, around) }
      case 'decide':
        return { kind: 'decide', ...withFault(() => decide(ask, policy, around)) }
      case 'explain':
        return { kind: 'explain', ...withFault(() => explain(ask, policy, around)) }
    }
  }
}

interface Policy extends CheckResult {
  readonly file: PolicyFile
  /** Those of the parser too. */
  readonly found: readonly Diagnostic[]
  readonly milliseconds: number
}

function readPolicy(text: string, { catalogs, now, clock }: Surroundings): Policy {
  const started = clock()
  const { file, diagnostics } = parsePolicy(PATH, text)
  const loadCatalog = (path: string) => {
    const name = path.replace(/^\.\//, '')
    return Object.hasOwn(catalogs, name) ? catalogs[name] : undefined
  }
  const checked = checkPolicy([file], { loadCatalog, now: now() })
  const found = inOrder([...diagnostics, ...checked.diagnostics])
  return { ...checked, file, found, milliseconds: clock() - started }
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort((a, b) => a.span.start - b.span.start || (a.code < b.code ? -1 : 1))
}

function toFindings(diagnostics: readonly Diagnostic[], text: string): readonly Finding[] {
  const sources = new Map([[PATH, text]])
  return diagnostics.map((diagnostic) => {
    const { code, severity, span, fix } = diagnostic
    const printed = renderDiagnostics([diagnostic], sources, 'text').trimEnd()
    return { code, severity, ...span, printed, fix: fix && { title: fix.title, changes: fix.edits.map(toChange) } }
  })
}

function toChange({ span, text }: TextEdit): TextChange {
  return { ...span, text }
}

function check(text: string, policy: Policy, around: Surroundings): Checked {
  const { model, found, map, catalogs } = policy
  const findings = toFindings(found, text)
  if (model === undefined) return { findings, milliseconds: policy.milliseconds, policy: undefined }
  const started = around.clock()
  const image = emitImage(model)
  const module = spliceModule(around.engineWasm, image)
  const milliseconds = policy.milliseconds + around.clock() - started
  return {
    findings,
    milliseconds,
    policy: {
      name: model.name,
      generation: Number(model.generation),
      rules: map.rules.length,
      module: module.slice(),
      image: image.slice(),
      types: emitTypes(model, catalogs),
      agents: model.agents.map(({ name }) => name).sort(),
      actions: actionsOf(model),
      tests: testRows(policy, model),
    },
  }
}

function actionsOf(model: PolicyModel): readonly string[] {
  const holders = [...model.roles, ...model.agents, ...model.delegations, ...(model.boundary ? [model.boundary] : [])]
  const named = holders.flatMap(({ grants }) => grants.flatMap(({ actions }) => actions ?? []))
  return [...new Set(named)].sort()
}

function testRows({ file }: Policy, model: PolicyModel): NonNullable<Checked['policy']>['tests'] {
  const engine = loadLiveEngine(emitImage(model))
  putState(engine, RUNTIME_TEST_STATE)
  const asked = (request: TestRequest) =>
    // The engine looks at `args` itself and answers invalid-request for what is no object.
    engine.decide({ ...request, readings: request.readings ?? {} } as EngineRequest, { charge: 'caller' })
  return runTests([file], asked).map(({ title, row, span, request, expected, got, passed }) => ({
    title,
    row: row.replace(/\s*\n\s*/g, ' '),
    start: span.start,
    end: span.end,
    isPassed: passed,
    expected: because(expected),
    got: because(got),
    request: requestText(request),
  }))
}

function because({ decision, reason }: { readonly decision: string; readonly reason?: string }): string {
  return reason === undefined ? decision : `${decision} because ${reason}`
}

/** A request as people write it: what it asks on the first lines, times as stamps. */
function requestText(request: object): string {
  const stamped = Object.entries(request).map(([name, value]) => [
    name,
    (name === 'now' || name === 'since') && typeof value === 'number' ? new Date(value).toISOString() : value,
  ])
  return JSON.stringify(Object.fromEntries(stamped), bigintAsText, 2)
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** What a person who typed the request or the state has to mend. */
class Fault extends Error {}

function withFault<T>(work: () => T): T | { readonly fault: string } {
  try {
    return work()
  } catch (error) {
    if (error instanceof Fault) return { fault: error.message }
    throw error
  }
}

function putState(engine: LiveEngine, state: unknown): ReturnType<typeof parseState> {
  const parsed = parseState(state)
  if (!parsed.ok) throw new Fault(`made at run time: ${parsed.message}`)
  try {
    for (const record of emitState(parsed.value)) engine.putRecord(record)
    for (const name of parsed.value.revoked) engine.setFlag(name, 'revoked')
    for (const name of parsed.value.suspended) engine.setFlag(name, 'suspended')
  } catch (error) {
    if (error instanceof EngineError) throw new Fault(`made at run time: ${error.message}`)
    throw error
  }
  return parsed
}

interface Question {
  readonly model: PolicyModel
  readonly engine: LiveEngine
  readonly request: object
  readonly state: unknown
}

/** @throws {Fault} for a policy with errors, and for what is no JSON */
function toQuestion(ask: { readonly request: string; readonly state: string }, { model }: Policy): Question {
  if (model === undefined) throw new Fault('the policy has errors')
  const request = parseJson('the request', ask.request)
  const state = ask.state.trim() === '' ? {} : parseJson('made at run time', ask.state)
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new Fault('the request is no object')
  }
  const engine = loadLiveEngine(emitImage(model))
  putState(engine, state)
  return { model, engine, request, state }
}

function parseJson(what: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new Fault(`${what}: ${error.message}`)
    throw error
  }
}

function decide(
  ask: { readonly request: string; readonly state: string },
  policy: Policy,
  { clock }: Surroundings,
): Decided {
  const { engine, request } = toQuestion(ask, policy)
  const readings = 'readings' in request ? request.readings : undefined
  // The engine looks at every member itself and answers invalid-request for what it does not like.
  const asked = { ...request, readings: readings ?? {} } as EngineRequest
  const options = { charge: 'caller' } as const
  const decision = engine.decide(asked, options)
  const { policy: _, ...said } = decision
  return {
    verdict: decision.decision,
    reason: decision.reason,
    isAllowed: decision.allowed,
    json: JSON.stringify(said, bigintAsText, 2),
    nanoseconds: timeOf(() => engine.decide(asked, options), clock),
    rules: [decision.guard, ...(decision.charged ?? [decision.grant])].flatMap((id) => ruleOf(id, policy)),
  }
}

/** Long enough for a clock that browsers make coarse. */
const TIMED_MS = 4
const REPETITIONS = 4

/** Nanoseconds of one call: the best mean of a few, since whatever else the machine does makes it slower and never faster. */
function timeOf(run: () => unknown, clock: () => number): number {
  let count = 50
  let best = Number.POSITIVE_INFINITY
  for (let taken = 0; taken < REPETITIONS; ) {
    const started = clock()
    for (let i = 0; i < count; i++) run()
    const spent = clock() - started
    // What was too short says nothing, and what came before was not compiled yet.
    if (spent < TIMED_MS) count *= 2
    else {
      best = Math.min(best, (spent * 1e6) / count)
      taken++
    }
  }
  return best
}

function ruleOf(id: number | undefined, { map, file }: Policy): readonly RuleRow[] {
  const rule = id === undefined ? undefined : map.rules[id]
  if (rule === undefined) return []
  const { start, end } = rule.span
  const text = file.text.slice(start, end).replace(/\s+/g, ' ')
  return [{ text, line: rule.line, start, end }]
}

function prove(text: string, policy: Policy, { now, clock }: Surroundings): Proved {
  const { model } = policy
  if (model === undefined) {
    return { findings: toFindings(policy.found, text), milliseconds: policy.milliseconds, proofs: undefined }
  }
  const started = clock()
  const analysis = analyzePolicy({ ...policy, files: [policy.file], model }, { around: now() })
  const milliseconds = clock() - started
  return {
    findings: toFindings(inOrder([...policy.found, ...analysis.diagnostics]), text),
    milliseconds,
    proofs: toProofs(analysis),
  }
}

function toProofs(analysis: PolicyAnalysis): readonly ProofRow[] {
  return [
    ...analysis.delegations.map(({ from, to, proof }): ProofRow => {
      const isGood = proof.kind === 'proved' || proof.kind === 'void'
      return {
        verdict: isGood ? 'proved' : proof.kind === 'unknown' ? 'unknown' : 'refuted',
        text: `delegate ${from} -> ${to}`,
        start: undefined,
        note: proof.kind === 'unknown' ? proof.why : undefined,
        witness: undefined,
      }
    }),
    ...analysis.assertions.map(({ proof, text: said, span }): ProofRow => {
      const example = proof.kind === 'refuted' ? proof.counterexample?.example : undefined
      return {
        verdict: proof.kind,
        text: `assert ${said}`,
        start: span.start,
        note: proof.kind === 'unknown' ? proof.why : example && askedText(example.request),
        witness: example && {
          request: requestText(example.request),
          state: example.state === undefined ? '' : JSON.stringify(example.state, null, 2),
        },
      }
    }),
  ]
}

/** `triage execute mcp:refunds:issue via root`. */
function askedText({ agent, action, resource, via }: Counterexample['request']): string {
  return [agent, action, resource, ...(via === undefined ? [] : ['via', via.join(' -> ')])].join(' ')
}

function explain(
  ask: { readonly request: string; readonly state: string },
  policy: Policy,
  { clock }: Surroundings,
): Explained {
  const { model, engine, request, state } = toQuestion(ask, policy)
  const parsed = parseState(state)
  const started = clock()
  const explanation = explainRequest(model, request, {
    engine,
    ...(parsed.ok && { state: parsed.value }),
    text: { files: [policy.file], map: policy.map },
  })
  const { change } = explanation
  return {
    administrator: administratorText(explanation, { showRule: (id) => `line ${policy.map.rules[id]?.line ?? '?'}` }),
    caller: callerText(explanation.decision),
    changes: changeRows(explanation),
    noChange:
      change === undefined || change.kind === 'found'
        ? undefined
        : change.kind === 'none'
          ? 'nothing that the request could say opens it for this chain'
          : change.why,
    edits: explanation.edits.flatMap((edit) => editRow(edit)),
    milliseconds: clock() - started,
  }
}

function changeRows({ change }: RequestExplanation): Extract<Explained, { readonly caller: string }>['changes'] {
  if (change?.kind !== 'found') return []
  return change.changes.map(({ changed, wanted, request }) => ({
    text: wanted.length === 0 ? changed.join(' and ') : wanted.map(({ name, text }) => `${name} ${text}`).join('; '),
    request: requestText(request),
  }))
}

/** An edit that opens the request by itself, with its place in the text. */
function editRow({ edits, placed, decision, alsoOpens }: RequestExplanation['edits'][number]): readonly EditRow[] {
  if (placed.length !== edits.length || !decision.allowed) return []
  return [
    {
      text: placed.map(({ line, text }) => `line ${line}\n${text.replace(/^/gm, '+ ')}`).join('\n'),
      also: alsoOpens,
      changes: placed.map(({ edit }) => toChange(edit)),
    },
  ]
}
