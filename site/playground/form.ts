/** The request: who, what and on what in fields of their own, everything else as JSON. */
import { byId } from './elements.ts'

export interface Form {
  /** The request as JSON. A part that is no JSON makes it none, so that whoever reads it says so. */
  readonly request: string
  readonly state: string
  set(request: string, state?: string): void
  /** Names to choose from. */
  suggest(names: { readonly agents: readonly string[]; readonly actions: readonly string[] }): void
}

const NAMES = ['agent', 'action', 'resource'] as const

/** Connects the elements of the page; `onInput` is told of every change. */
export function createForm(onInput: () => void): Form {
  const fields = NAMES.map((name) => ({ name, field: byId(name, HTMLInputElement) }))
  const facts = byId('facts', HTMLTextAreaElement)
  const state = byId('state', HTMLTextAreaElement)
  for (const field of [...fields.map((each) => each.field), facts, state]) field.addEventListener('input', onInput)

  return {
    get request() {
      const named = fields
        .map(({ name, field }) => `${JSON.stringify(name)}: ${JSON.stringify(field.value)}`)
        .join(', ')
      const rest = facts.value.trim()
      if (rest === '' || /^\{\s*\}$/.test(rest)) return `{ ${named} }`
      // Behind the names stands what was typed, whole, so that a fault in it is still one.
      return rest.startsWith('{') ? `{ ${named}, ${rest.slice(1)}` : rest
    },
    get state() {
      return state.value
    },
    set(request, made = '') {
      const { agent, action, resource, ...rest } = toMembers(request)
      const values = { agent, action, resource }
      for (const { name, field } of fields) field.value = typeof values[name] === 'string' ? values[name] : ''
      facts.value = Object.keys(rest).length === 0 ? '' : factsText(rest)
      state.value = made
      const details = state.closest('details')
      if (details !== null) details.open = made !== ''
      onInput()
    },
    suggest({ agents, actions }) {
      fillList('agents', agents)
      fillList('actions', actions)
    },
  }
}

/** A member a line, so that a whole request is seen. */
function factsText(facts: Readonly<Record<string, unknown>>): string {
  const members = Object.entries(facts).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  return `{\n${members.join(',\n')}\n}`
}

function toMembers(request: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(request)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

function fillList(id: string, names: readonly string[]): void {
  const options = names.map((name) => {
    const option = document.createElement('option')
    option.value = name
    return option
  })
  byId(id, HTMLDataListElement).replaceChildren(...options)
}
