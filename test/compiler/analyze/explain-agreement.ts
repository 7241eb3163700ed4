/** The random generator's policies, states and requests, as `explainRequest` takes them. */
import { checkPolicy } from '../../../compiler/front/index.ts'
import { type PolicyModel, parseState, type State } from '../../../compiler/model/index.ts'
import { type PolicyFile, parsePolicy } from '../../../grammar/index.ts'
import { render } from '../../properties/generate/piece.ts'
import { filesOf, generatePolicy } from '../../properties/generate/policy.ts'
import { Random } from '../../properties/generate/random.ts'
import { createRequests } from '../../properties/generate/request.ts'
import { generateState } from '../../properties/generate/state.ts'
import { createSubject, type Subject } from '../../properties/subject.ts'

export interface RandomCase {
  readonly number: number
  readonly text: string
  readonly files: readonly PolicyFile[]
  readonly model: PolicyModel
  readonly map: Subject['map']
  readonly state: State
  readonly stateJson: unknown
  readonly subject: Subject
  /** Some requests near the edges of the policy. */
  readonly requests: readonly unknown[]
}

export function randomCase(number: number, count: number): RandomCase {
  const random = new Random(Math.imul(20_260_401, 0x9e3779b1) + Math.imul(number, 0x85ebca6b))
  const generated = generatePolicy(random)
  const { state: stateJson, aim } = generateState(random, generated.aim)
  const text = render(generated.piece)
  const sources = filesOf(text).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const files = sources.map((source) => parsePolicy(source.path, source.text).file)
  const { model, map } = checkPolicy(files)
  const parsed = parseState(stateJson)
  if (model === undefined || !parsed.ok) throw new Error(`case ${number} has errors`)
  const subject = createSubject(sources, stateJson)
  const source = createRequests(random, aim, ({ value, possible }) => subject.reference.decide(value, { possible }))
  const requests = Array.from({ length: count }, () => source.next().value)
  return { number, text, files, model, map, state: parsed.value, stateJson, subject, requests }
}
