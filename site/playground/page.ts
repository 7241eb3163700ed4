/** The page: what is typed goes to the workers, what they answer is shown. */
import { examples } from 'playground:examples'
import { createEditor } from './editor.ts'
import { byId, make } from './elements.ts'
import { createForm } from './form.ts'
import { createHelper, type Helper } from './helper.ts'
import { fromFragment, toFragment } from './link.ts'
import {
  type Answer,
  type AnswerTo,
  type Ask,
  type CompiledPolicy,
  type Finding,
  type Inputs,
  isStale,
} from './messages.ts'
import {
  type Actions,
  decisionTimeText,
  decisionView,
  explanationView,
  findingsView,
  policyText,
  proofsView,
  sizeText,
  testsView,
  timeText,
} from './views.ts'

/** Nothing is asked while somebody types faster than this. */
const TYPING_MS = 120

const status = byId('status', HTMLElement)
const stopButton = byId('stop', HTMLButtonElement)
const choice = byId('example', HTMLSelectElement)

let compiled: CompiledPolicy | undefined
/** The first test is asked when an example has no request of its own. */
let wantsRequest = false
/** What the workers were asked last: a text is checked and proved once. */
let asked: Inputs | undefined
/** The text whose proofs are shown: they have the findings of the checks, too. */
let provedText: string | undefined
let typing: ReturnType<typeof setTimeout> | undefined

const editor = createEditor(later)
const form = createForm(later)
const actions: Actions = {
  show: (start, end) => editor.show(start, end),
  edit: (edits) => editor.edit(edits),
  ask: (request, state) => {
    form.set(request, state)
    byId('decision', HTMLElement).scrollIntoView({ block: 'nearest' })
  },
}

const start = () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
const onBusy = () => undefined
const checker: Helper = createHelper({ start, patienceMs: 1500, onAnswer: showAnswer, onBusy })
const explainer: Helper = createHelper({ start, patienceMs: 300, onAnswer: showAnswer, onBusy: showExplaining })
const prover: Helper = createHelper({ start, patienceMs: 300, onAnswer: showAnswer, onBusy: showProving })

function later(): void {
  clearTimeout(typing)
  typing = setTimeout(askAll, TYPING_MS)
}

function askAll(): void {
  clearTimeout(typing)
  const { text } = editor
  const { request, state } = form
  const isNewText = text !== asked?.text
  const isNewRequest = isNewText || request !== asked?.request || state !== asked?.state
  asked = { text, request, state }
  if (isNewText) {
    checker.ask({ kind: 'check', text })
    prover.ask({ kind: 'prove', text })
  }
  if (isNewRequest) {
    checker.ask({ kind: 'decide', text, state, request })
    explainer.ask({ kind: 'explain', text, state, request })
  }
}

function showAnswer(answer: Answer, ask: Ask): void {
  // Whoever typed on waits for another answer.
  if (isStale(ask, { text: editor.text, request: form.request, state: form.state })) return
  switch (answer.kind) {
    case 'check':
      showChecked(answer)
      break
    case 'decide':
      showDecided(answer)
      break
    case 'prove':
      showProved(answer)
      break
    case 'explain':
      byId('explanation', HTMLElement).replaceChildren(...explanationView(answer, actions))
      break
    case 'failed':
      say(`This is a defect of the playground: ${answer.message}`)
      break
  }
}

function showChecked(answer: AnswerTo<'check'>): void {
  const { policy, findings, milliseconds } = answer
  compiled = policy
  if (provedText !== editor.text) showFindings(findings)
  figure('figure-check', `checked and compiled in ${timeText(milliseconds)}`)
  figure(
    'figure-size',
    policy === undefined ? '' : `module ${sizeText(policy.module.length)}, policy ${sizeText(policy.image.length)}`,
  )
  byId('policy-name', HTMLElement).textContent = policy === undefined ? 'does not compile' : policyText(policy)
  for (const id of ['save-wasm', 'save-img', 'save-types']) byId(id, HTMLButtonElement).disabled = policy === undefined
  const tests = policy?.tests ?? []
  byId('tests', HTMLElement).replaceChildren(...testsView(tests, actions))
  byId('tests-count', HTMLElement).textContent = countText(
    tests.filter(({ isPassed }) => isPassed).length,
    tests.length,
    'passed',
  )
  if (policy === undefined) return
  form.suggest(policy)
  const [first] = tests
  if (wantsRequest && first !== undefined) form.set(first.request)
  wantsRequest = false
}

function showFindings(findings: readonly Finding[]): void {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  const counts = [counted(errors, 'error'), counted(warnings, 'warning')].filter((text) => text !== '')
  byId('findings-count', HTMLElement).textContent = counts.join(', ') || 'nothing to report'
  byId('findings', HTMLElement).replaceChildren(...findingsView(findings, actions))
  editor.setMarks(findings)
}

function counted(count: number, noun: string): string {
  return count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'}`
}

function countText(good: number, all: number, word: string): string {
  return all === 0 ? 'none' : `${good} of ${all} ${word}`
}

function showDecided(answer: AnswerTo<'decide'>): void {
  byId('decision', HTMLElement).replaceChildren(...decisionView(answer, actions))
  byId('decision-json', HTMLElement).textContent = 'fault' in answer ? '' : answer.json
  figure('figure-decide', 'fault' in answer ? '' : `decided in ${decisionTimeText(answer.nanoseconds)}`)
}

function showProved({ proofs, findings, milliseconds }: AnswerTo<'prove'>): void {
  if (proofs === undefined) {
    figure('figure-prove', '')
    byId('proofs', HTMLElement).replaceChildren()
    byId('proofs-count', HTMLElement).textContent = 'the policy has errors'
    return
  }
  provedText = editor.text
  showFindings(findings)
  figure('figure-prove', `proved in ${timeText(milliseconds)}`)
  byId('proofs', HTMLElement).replaceChildren(...proofsView(proofs, actions))
  const proved = proofs.filter(({ verdict }) => verdict === 'proved').length
  byId('proofs-count', HTMLElement).textContent = countText(proved, proofs.length, 'proved')
}

function showProving(ask: Ask | undefined): void {
  stopButton.hidden = ask === undefined
  byId('proofs', HTMLElement).classList.toggle('busy', ask !== undefined)
  if (ask !== undefined) byId('proofs-count', HTMLElement).textContent = 'proving'
}

/** What stands there meanwhile is about an older request. */
function showExplaining(ask: Ask | undefined): void {
  byId('explanation', HTMLElement).classList.toggle('busy', ask !== undefined)
}

function figure(id: string, text: string): void {
  byId(id, HTMLElement).textContent = text
}

function say(text: string): void {
  status.textContent = text
}

stopButton.addEventListener('click', () => {
  prover.stop()
  byId('proofs', HTMLElement).replaceChildren()
  byId('proofs-count', HTMLElement).textContent = 'stopped; the next change proves again'
  byId('policy', HTMLTextAreaElement).focus()
})

function save(name: string, type: string, parts: BlobPart[]): void {
  const link = make('a')
  link.href = URL.createObjectURL(new Blob(parts, { type }))
  link.download = name
  link.click()
  // The browser has begun by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

function onSave(id: string, extension: string, type: string, part: (policy: CompiledPolicy) => BlobPart): void {
  byId(id, HTMLButtonElement).addEventListener('click', () => {
    if (compiled !== undefined) save(`${compiled.name}.${extension}`, type, [part(compiled)])
  })
}

onSave('save-wasm', 'wasm', 'application/wasm', ({ module }) => module)
onSave('save-img', 'img', 'application/octet-stream', ({ image }) => image)
onSave('save-types', 'd.ts', 'text/plain', ({ types }) => types)

byId('share', HTMLButtonElement).addEventListener('click', async () => {
  const fragment = await toFragment({ text: editor.text, request: form.request, state: form.state })
  history.replaceState(null, '', `#${fragment}`)
  choice.value = ''
  try {
    await navigator.clipboard.writeText(location.href)
    say('The link is in the address bar, and copied.')
  } catch (error) {
    // Some browsers ask, and people may say no.
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error
    say('The link is in the address bar.')
  }
})

/** F8, as editors have it: the next finding behind the one that it went to last. */
let lastFinding = -1
byId('policy', HTMLTextAreaElement).addEventListener('keydown', (event) => {
  if (event.key !== 'F8') return
  event.preventDefault()
  const places = [...byId('findings', HTMLElement).querySelectorAll<HTMLButtonElement>('button.place')]
  lastFinding = (lastFinding + 1) % Math.max(1, places.length)
  places[lastFinding]?.click()
})

for (const { id, title } of examples) {
  const option = make('option', {}, title)
  option.value = id
  choice.append(option)
}
choice.addEventListener('change', () => {
  openExample(choice.value)
  history.replaceState(null, '', `#${choice.value}`)
})

function openExample(id: string): boolean {
  const example = examples.find((each) => each.id === id)
  if (example === undefined) return false
  choice.value = id
  wantsRequest = example.request === ''
  editor.setText(example.text)
  form.set(example.request === '' ? '{}' : example.request)
  say('')
  askAll()
  return true
}

async function openFragment(): Promise<void> {
  const fragment = location.hash.slice(1)
  if (fragment !== '' && openExample(fragment)) return
  const shared = fragment === '' ? undefined : await fromFragment(fragment)
  if (shared === undefined) {
    openExample(examples[0]?.id ?? '')
    if (fragment !== '') say('The link is damaged: this is the first example instead.')
    return
  }
  choice.value = ''
  wantsRequest = false
  editor.setText(shared.text)
  form.set(shared.request, shared.state)
  askAll()
}

addEventListener('hashchange', () => void openFragment())
await openFragment()
