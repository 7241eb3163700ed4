/** Answers as elements of the page. */
import { make } from './elements.ts'
import type { AnswerTo, CompiledPolicy, Finding, ProofRow, TestRow, TextChange } from './messages.ts'

/** What a click on something in a list does. */
export interface Actions {
  /** Shows a place of the text. */
  readonly show: (start: number, end?: number) => void
  readonly edit: (changes: readonly TextChange[]) => void
  /** Puts a request, and what was made at run time for it, into the form. */
  readonly ask: (request: string, state?: string) => void
}

/** What `kavach check` prints, each finding with a way to its place. */
export function findingsView(findings: readonly Finding[], actions: Actions): readonly HTMLElement[] {
  return findings.map(({ severity, printed, start, end, fix, code }) => {
    const [head = '', ...rest] = printed.split('\n')
    const mend = fix && make('button', { onClick: () => actions.edit(fix.changes) }, `Fix: ${fix.title}`)
    const more = [codeLink(code), mend].filter((each) => each !== undefined)
    return make(
      'li',
      { class: severity },
      make('button', { class: 'place', title: 'Show the place', onClick: () => actions.show(start, end) }, head),
      make('pre', {}, rest.join('\n')),
      more.length === 0 ? undefined : make('p', { class: 'row' }, ...more),
    )
  })
}

/** The page of a code, where this page is one of the documents; elsewhere there is nothing to link to. */
function codeLink(code: string): HTMLElement | undefined {
  if (!location.pathname.endsWith('/playground/')) return undefined
  const link = make('a', {}, `About ${code}`)
  link.href = `../errors/${code}.html`
  return link
}

const MARKS = { proved: '✓', refuted: '✗', unknown: '?' } as const

/** Statements as `kavach prove` lists them, each that does not hold with its witness. */
export function proofsView(proofs: readonly ProofRow[], actions: Actions): readonly HTMLElement[] {
  return proofs.map(({ verdict, text, start, note, witness }) => {
    const words = [make('span', { class: 'mark' }, `${MARKS[verdict]} ${verdict}`), make('code', {}, text)]
    return make(
      'li',
      { class: verdict },
      start === undefined
        ? make('span', { class: 'statement' }, ...words)
        : make(
            'button',
            { class: 'place statement', title: 'Show the place', onClick: () => actions.show(start) },
            ...words,
          ),
      note === undefined
        ? undefined
        : make(
            'p',
            { class: 'row' },
            make('span', {}, witness === undefined ? note : 'allowed: ', witness && make('code', {}, note)),
            witness &&
              make('button', { onClick: () => actions.ask(witness.request, witness.state) }, 'Ask this request'),
          ),
    )
  })
}

/** The tests of the policy. */
export function testsView(tests: readonly TestRow[], actions: Actions): readonly HTMLElement[] {
  return tests.map(({ title, row, start, end, isPassed, expected, got, request }) =>
    make(
      'li',
      { class: isPassed ? 'proved' : 'refuted' },
      make(
        'button',
        { class: 'place statement', title, onClick: () => actions.show(start, end) },
        make('span', { class: 'mark' }, isPassed ? '✓ ok' : '✗ failed'),
        make('code', {}, row),
      ),
      isPassed
        ? undefined
        : make(
            'p',
            { class: 'row' },
            `expected ${expected}, got ${got}`,
            make('button', { onClick: () => actions.ask(request) }, 'Ask this request'),
          ),
    ),
  )
}

/** The verdict, and the rules behind it. */
export function decisionView(decided: AnswerTo<'decide'>, actions: Actions): readonly HTMLElement[] {
  if ('fault' in decided) return [make('p', { class: 'fault' }, decided.fault)]
  const { verdict, reason, isAllowed, rules } = decided
  return [
    make(
      'p',
      { class: 'verdict' },
      make('strong', { class: isAllowed ? 'allowed' : verdict === 'deny' ? 'denied' : 'waiting' }, verdict),
      ` because ${reason}`,
    ),
    ...rules.map(({ text, line, start, end }) =>
      make('button', { class: 'place', onClick: () => actions.show(start, end) }, `line ${line}: ${text}`),
    ),
  ]
}

/** Why, and what would open it. */
export function explanationView(explained: AnswerTo<'explain'>, actions: Actions): readonly HTMLElement[] {
  if ('fault' in explained) return []
  const { administrator, caller, changes, noChange, edits } = explained
  const changeItems = changes.map(({ text, request }) =>
    make('li', {}, make('span', {}, text), make('button', { onClick: () => actions.ask(request) }, 'Ask this request')),
  )
  const editItems = edits.map(({ text, also, changes: made }) =>
    make(
      'li',
      {},
      make('pre', {}, text),
      make('p', {}, also.length === 0 ? 'Opens nothing else.' : `Also opens ${also.join('; ')}.`),
      make('button', { onClick: () => actions.edit(made) }, 'Apply to the policy'),
    ),
  )
  return [
    ...administrator.split('\n').map((line) => make('p', {}, ...withCode(line))),
    make('p', { class: 'caller' }, make('span', { class: 'label' }, 'For the caller: '), caller),
    ...(changes.length > 0 ? [make('h3', {}, 'With other facts'), make('ul', {}, ...changeItems)] : []),
    ...(noChange === undefined ? [] : [make('p', {}, `With other facts: ${noChange}.`)]),
    ...(edits.length > 0 ? [make('h3', {}, 'With another policy'), make('ul', {}, ...editItems)] : []),
  ]
}

/** Text in backticks is code. */
function withCode(text: string): readonly (Node | string)[] {
  return text.split('`').map((part, index) => (index % 2 === 0 ? part : make('code', {}, part)))
}

/** `bots generation 1: 5 rules`. */
export function policyText({ name, generation, rules }: CompiledPolicy): string {
  return `${name} generation ${generation}: ${rules} ${rules === 1 ? 'rule' : 'rules'}`
}

/** `37.4 kB`. */
export function sizeText(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`
}

/** `41 ms`, or `0.4 ms` for what is quicker than ten. */
export function timeText(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`
}

/** `0.61 µs`. */
export function decisionTimeText(nanoseconds: number): string {
  return `${(nanoseconds / 1000).toFixed(2)} µs`
}
