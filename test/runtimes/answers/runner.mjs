// Asks a door every question of questions.ts and reports what it answered. It is the same file on every runtime, so it uses web
// standards alone.
import { swapUnderLoad } from '../swap/runner.mjs'
import { nameOf } from './bytes.mjs'

/**
 * @param door the exports of `kavachos/engine`
 * @param gzipped what questions.ts wrote
 * @param modules those of `kavachos/engine.wasm` and of the first golden policy
 */
export async function askEverything(door, gzipped, { engine, policy }) {
  const stream = new Blob([gzipped]).stream().pipeThrough(new DecompressionStream('gzip'))
  const { sets, swap, module } = JSON.parse(await new Response(stream).text())
  return {
    answers: answerAll(door, sets, { engine, policy }),
    swap: await swapUnderLoad(door, { images: swap.images.map(bytesOf), engine, swaps: swap.count }),
    // Not every runtime compiles them.
    bytes: nameOf(door, () => door.loadEngine(bytesOf(module))),
  }
}

function answerAll(door, sets, { engine, policy }) {
  const report = new Report(door.createDigest())
  for (const [set, subjects] of Object.entries(sets)) {
    for (const subject of subjects) {
      report.of(`${set}: ${subject.name}`)
      const live = openLive(door, subject)
      for (const question of subject.questions) {
        report.answer(set, question, live.decide(question.request, question.options))
        report.explain(question, live.explain(question.request, question.options))
      }
      if (hasState(subject)) continue
      const plain = door.openEngine(engine, bytesOf(subject.image))
      for (const [options, questions] of byOptions(subject.questions)) {
        const requests = questions.map(({ request }) => request)
        const decisions = plain.decideBatch(requests, options)
        questions.forEach((question, index) => {
          report.answer('batch', question, decisions[index])
        })
      }
    }
  }
  report.of('the compiled module')
  const compiled = door.loadEngine(policy)
  for (const question of sets.golden[0].questions) {
    report.answer('compiled', question, compiled.decide(question.request, question.options))
  }
  return report.done()
}

/** A live engine with the state of a subject. */
export function openLive(door, { image, records, revoked, suspended }) {
  const engine = door.loadLiveEngine(bytesOf(image))
  for (const record of records) {
    try {
      engine.putRecord(bytesOf(record))
    } catch (error) {
      // An agent that the policy declares is not made.
      if (!(error instanceof door.EngineError && error.code === 'name-taken')) throw error
    }
  }
  for (const name of revoked) engine.setFlag(name, 'revoked')
  for (const name of suspended) engine.setFlag(name, 'suspended')
  return engine
}

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

const hasState = ({ records, revoked, suspended }) => records.length + revoked.length + suspended.length > 0

function byOptions(questions) {
  const groups = new Map()
  for (const question of questions) {
    const key = JSON.stringify(question.options)
    const [, group] = groups.get(key) ?? [undefined, []]
    group.push(question)
    groups.set(key, [question.options, group])
  }
  return groups.values()
}

class Report {
  #digest
  #hash = ''
  #subject = ''
  #asked = {}
  #differences = []

  constructor(digest) {
    this.#digest = digest
  }

  of(subject) {
    this.#subject = subject
  }

  answer(kind, question, decision) {
    this.#add(kind, question, question.decision, JSON.stringify(decision))
  }

  explain(question, explanation) {
    this.#add('explained', question, question.explanation, JSON.stringify(explanation))
  }

  #add(kind, { request, options }, expected, found) {
    this.#asked[kind] = (this.#asked[kind] ?? 0) + 1
    this.#hash = this.#digest.digestText(this.#hash + found).join()
    if (found === expected) return
    const subject = this.#subject
    this.#differences.push({ subject, kind, request: JSON.stringify(request).slice(0, 2000), options, expected, found })
  }

  done() {
    return { asked: this.#asked, digest: this.#hash, differences: this.#differences }
  }
}
