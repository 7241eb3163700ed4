/**
 * `requireApprovalFor` of an agent: which parts of its grants need an approval. A grant is taken apart where only some of its
 * actions or resources do; the parts together grant what it did, and are charged to the same meters.
 */
import { createBudget, createLanguages, type Language, type Languages } from '../algebra/index.ts'
import type { JsonPlace } from './json-place.ts'
import { nameFault } from './literals/name.ts'
import { MAX_SEGMENTS, parsePattern } from './literals/pattern.ts'
import type { PatternLiteral } from './literals/values.ts'
import type { GrantModel, ScopeModel } from './policy.ts'

/** An action, or all, on some resources, or all. */
interface ApprovalScope {
  readonly action: string | undefined
  readonly patterns: readonly PatternLiteral[]
}

/** Makes what the entries name need an approval. */
export type ApprovalSplitter = (grant: GrantModel) => readonly GrantModel[]

/** Steps for all the grants of an agent. */
const STEPS = 5_000_000
/** What the image of an agent can except. */
const MAX_EXCEPTED = 30

/**
 * Reads the list. `RESOURCE:ACTION` means the action on the resource and on all below it; without a colon it is an action on
 * everything, and `*` in the place of an action is every action.
 *
 * @throws {StateFault} for what is no such list; the splitter throws `TooHard` when it takes too much work
 */
export function readApprovalScopes(list: JsonPlace): ApprovalSplitter {
  const scopes = list.list().map(readScope)
  if (new Set(scopes.map(({ action }) => action)).size > MAX_EXCEPTED) {
    list.fail(`must name at most ${MAX_EXCEPTED} different actions`)
  }
  const languages = createLanguages(createBudget(STEPS))
  return (grant) => {
    let parts: readonly GrantModel[] = [grant]
    for (const scope of scopes) parts = parts.flatMap((part) => split(part, scope, languages))
    return parts
  }
}

function readScope(place: JsonPlace): ApprovalScope {
  const text = place.text()
  const colon = text.lastIndexOf(':')
  const action = text.slice(colon + 1)
  const fault = action === '*' ? undefined : nameFault(action)
  if (fault !== undefined) place.fail(`the action ${fault}`)
  return {
    action: action === '*' ? undefined : action,
    patterns: colon < 0 ? [EVERYTHING] : readResource(place, text.slice(0, colon)),
  }
}

const EVERYTHING: PatternLiteral = { segments: [], rest: true }

function readResource(place: JsonPlace, text: string): readonly PatternLiteral[] {
  const parsed = parsePattern(text)
  if (!parsed.ok) return place.fail(parsed.fault.message)
  const { segments, rest } = parsed.value
  return rest || segments.length === MAX_SEGMENTS ? [parsed.value] : [parsed.value, { segments, rest: true }]
}

function split(grant: GrantModel, scope: ApprovalScope, languages: Languages): readonly GrantModel[] {
  if (grant.approval !== undefined) return [grant]
  const actions = splitActions(grant, scope.action)
  if (actions === undefined) return [grant]
  const [whole, named] = [languageOf(grant, languages), languageOf(scope, languages)]
  if (!languages.meetsResource(whole, named)) return [grant]
  const { met, others } = actions
  const isAll = languages.includesResource(named, whole)
  const of = (actions: Actions, resources: Resources = grant) => part(grant, actions, resources)
  const parts: GrantModel[] = [{ ...of(met, isAll ? grant : common(scope, whole, named, languages)), approval: {} }]
  if (!isAll) parts.push(of(met, only(languages.subtract(whole, named))))
  if (others !== undefined) parts.push(of(others))
  return parts
}

type Actions = Pick<ScopeModel, 'actions' | 'exceptActions'>

/** The actions that need an approval, and those beside them; nothing when none does. */
function splitActions(
  { actions, exceptActions = [] }: Actions,
  action: string | undefined,
): { readonly met: Actions; readonly others: Actions | undefined } | undefined {
  if (action === undefined)
    return { met: { actions, ...(exceptActions.length > 0 && { exceptActions }) }, others: undefined }
  const met = { actions: [action] }
  if (actions === undefined) {
    const isExcepted = exceptActions.includes(action)
    return isExcepted ? undefined : { met, others: { actions, exceptActions: [...exceptActions, action] } }
  }
  if (!actions.includes(action)) return undefined
  const others = actions.filter((other) => other !== action)
  return { met, others: others.length === 0 ? undefined : { actions: others } }
}

type Resources = Pick<ScopeModel, 'patterns' | 'automata'>

function part(
  { exceptActions: _, automata: __, ...grant }: GrantModel,
  { actions, exceptActions }: Actions,
  { patterns, automata }: Resources,
): GrantModel {
  return { ...grant, actions, ...(exceptActions && { exceptActions }), patterns, ...(automata && { automata }) }
}

/** The resources of both; as patterns where the grant holds all that the scope names. */
function common({ patterns }: ApprovalScope, whole: Language, named: Language, languages: Languages): Resources {
  return languages.includesResource(whole, named) ? { patterns } : only(languages.intersect(whole, named))
}

function only({ dfa }: Language): Resources {
  return { patterns: [], automata: [dfa] }
}

function languageOf({ patterns, automata = [] }: Resources, languages: Languages): Language {
  const parts = [
    ...patterns.map((pattern) => languages.ofPattern(pattern)),
    ...automata.map((dfa) => languages.ofDfa(dfa)),
  ]
  return parts.reduce((union, part) => languages.union(union, part), languages.nothing)
}
