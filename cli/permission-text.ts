/**
 * Permission JSON (`{ resource, actions, constraints }`) as policy text with the same meaning.
 *
 * Whatever has no exact counterpart is a fault, never left out: a constraint that is lost is access that is gained.
 */
import { isIdentifier, quote, segmentFlaw, toIdentifier } from './catalog.ts'

/** How a `*` at the end of a resource is read: one segment, or one and all below it. */
export type StarReading = 'one' | 'rest'

export interface PermissionImport {
  /** The policy; meaningless when `faults` is not empty. */
  readonly text: string
  /** What to know, one per line: differing readings of `*`, anchoring of regexes. */
  readonly notes: readonly string[]
  /** Each names the place in the JSON. */
  readonly faults: readonly string[]
  /** Whether some resource ends in `*`. */
  readonly hasStar: boolean
}

/**
 * Translates an array of permissions, an agent with `permissions`, or an array of agents.
 *
 * `name` names the policy, and the agent where the JSON holds bare permissions.
 */
export function toPolicyText(json: unknown, star: StarReading | undefined, name: string): PermissionImport {
  const translation = new Translation(star)
  const agents = translation.agents(json, name)
  const text = [`policy ${name}`, ...translation.guardrails, ...agents].join('\n\n')
  return { text: `${text}\n`, notes: translation.notes, faults: translation.faults, hasStar: translation.hasStar }
}

type Json = { readonly [key: string]: unknown }

const AGENT_TYPES = ['autonomous', 'delegated', 'service']
const IGNORED = new Set(['id', 'agentId', 'createdAt', 'updatedAt', 'lastUsedAt', 'metadata', 'description'])
const RATES = { maxCallsPerMinute: 'minute', maxCallsPerHour: 'hour', maxCallsPerDay: 'day' }
const BUDGETS = { budgetUsdPerDay: 'day', budgetUsdPerMonth: 'month' }
const GRANT_KEYS = ['allowedHoursUTC', 'timeWindow', 'ipAllowlist', 'requireApproval', 'argPatterns']
const LIMIT_KEYS = [...Object.keys(RATES), ...Object.keys(BUDGETS), 'throttlePerMinute']

/** What constraints become in text. */
interface Clauses {
  readonly atoms: readonly string[]
  readonly approval: boolean
  readonly rate: string | undefined
  readonly budget: string | undefined
}

const NO_CLAUSES: Clauses = { atoms: [], approval: false, rate: undefined, budget: undefined }

class Translation {
  readonly notes: string[] = []
  readonly faults: string[] = []
  readonly guardrails: string[] = []
  hasStar = false
  private readonly star: StarReading | undefined

  constructor(star: StarReading | undefined) {
    this.star = star
  }

  agents(json: unknown, name: string): string[] {
    const list = Array.isArray(json) ? json : isObject(json) && Array.isArray(json.agents) ? json.agents : [json]
    if (list.length === 0) this.fault('$', 'there is nothing in it')
    if (isObject(json) && Array.isArray(json.agents)) this.onlyKeys(json, ['agents'], '$')
    if (list.every((item) => isObject(item) && 'resource' in item)) {
      return [this.agent({ name, permissions: list }, '$', true)]
    }
    const agents = list.map((item, i) => this.agent(item, list.length === 1 ? '$' : `$[${i}]`, list.length === 1))
    const names = list.map((item) => (isObject(item) ? item.name : undefined))
    names.forEach((item, i) => {
      if (names.indexOf(item) < i && typeof item === 'string')
        this.fault(`$[${i}].name`, `a second agent ${quote(item)}`)
    })
    return agents
  }

  private agent(json: unknown, at: string, alone: boolean): string {
    if (!isObject(json)) {
      this.fault(at, 'not an agent or a permission: want an object with `permissions` or `resource`')
      return ''
    }
    const known = [
      'name',
      'type',
      'owner',
      'ownerId',
      'userId',
      'permissions',
      'constraints',
      'mayDelegate',
      'expiresAt',
    ]
    this.onlyKeys(json, [...known, 'status', ...IGNORED], at)
    const name = this.agentName(json.name, `${at}.name`)
    const type = json.type ?? 'autonomous'
    if (typeof type !== 'string' || !AGENT_TYPES.includes(type)) {
      this.fault(`${at}.type`, `want one of ${AGENT_TYPES.join(', ')}, not ${shown(type)}`)
    }
    if (json.status !== undefined && json.status !== 'active') {
      this.fault(`${at}.status`, `policy text cannot say ${shown(json.status)}; import active agents only`)
    }
    const permissions = Array.isArray(json.permissions) ? json.permissions : []
    if (!Array.isArray(json.permissions)) this.fault(`${at}.permissions`, 'want an array')
    if (type === 'delegated' && permissions.length > 0) {
      this.fault(
        `${at}.permissions`,
        'a delegated agent has no grants of its own; make it autonomous, or delegate to it',
      )
    }
    const own = this.agentConstraints(json.constraints, at, alone)
    const lines = [...this.owner(json, at), ...this.expiry(json, at)]
    const limits = [own.rate, own.budget].flatMap((limit) => (limit === undefined ? [] : [`limit ${limit}`]))
    if (type === 'delegated' && (own.atoms.length > 0 || own.approval)) {
      this.fault(
        `${at}.constraints`,
        'a delegated agent has no grants that could carry conditions; put them on the delegation',
      )
    }
    const grants = permissions.map((item, i) => {
      const place = `${at}.permissions[${i}]`
      const { text, budget } = this.grant(item, own, place)
      if (budget !== undefined && permissions.length === 1) limits.push(`limit ${budget}`)
      if (budget !== undefined && permissions.length > 1) {
        this.fault(
          place,
          'a budget belongs to an agent in policy text, not to one of several grants: split the agent in two',
        )
      }
      return text
    })
    const may = this.mayDelegate(json.mayDelegate, at)
    const body = [...lines, ...grants, ...limits, ...may]
      .flatMap((line) => line.split('\n'))
      .map((line) => `  ${line}\n`)
    return `${String(type)} agent ${name} {\n${body.join('')}}`
  }

  private agentName(value: unknown, at: string): string {
    if (typeof value === 'string' && isIdentifier(value) && value !== 'runtime') return value
    if (typeof value !== 'string') this.fault(at, `want a name, not ${shown(value)}`)
    else this.fault(at, `${quote(value)} is no name of an agent; call it ${quote(toIdentifier(`${value}-agent`))}`)
    return '_'
  }

  private owner(json: Json, at: string): string[] {
    const given = ['owner', 'ownerId', 'userId'].filter((key) => json[key] !== undefined && json[key] !== null)
    if (given.length > 1) this.fault(at, `${given.join(' and ')} say the same thing twice`)
    return given.map((key) => `owner ${this.string(json[key], `${at}.${key}`)}`)
  }

  private expiry(json: Json, at: string): string[] {
    if (json.expiresAt === undefined || json.expiresAt === null) return []
    const ms = typeof json.expiresAt === 'number' ? json.expiresAt : Date.parse(String(json.expiresAt))
    const exact =
      typeof json.expiresAt === 'number' || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(String(json.expiresAt))
    if (exact && Number.isInteger(ms) && ms >= 0 && ms < 253402300800000) {
      return [`expires at ${new Date(ms).toISOString().replace('.000Z', 'Z')}`]
    }
    this.fault(`${at}.expiresAt`, `want a time in UTC such as 2026-04-01T10:00:00Z, not ${shown(json.expiresAt)}`)
    return []
  }

  private mayDelegate(value: unknown, at: string): string[] {
    if (value === undefined || value === null) return []
    if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 5) return [`may delegate depth ${value}`]
    this.fault(`${at}.mayDelegate`, `want a whole number from 0 to 5, not ${shown(value)}`)
    return []
  }

  private grant(
    json: unknown,
    own: Clauses,
    at: string,
  ): { readonly text: string; readonly budget: string | undefined } {
    if (!isObject(json)) {
      this.fault(at, `want an object with resource and actions, not ${shown(json)}`)
      return { text: '', budget: undefined }
    }
    this.onlyKeys(json, ['resource', 'actions', 'constraints', ...IGNORED], at)
    const actions = this.actions(json.actions, `${at}.actions`)
    const patterns = this.patterns(json.resource, `${at}.resource`)
    const clauses = this.constraints(json.constraints, `${at}.constraints`, [...GRANT_KEYS, ...LIMIT_KEYS])
    const atoms = [...new Set([...own.atoms, ...clauses.atoms])]
    const lines = [`allow ${actions} on ${patterns}`]
    if (atoms.length > 0) lines.push(`  when ${atoms.join(' and ')}`)
    if (own.approval || clauses.approval) lines.push('  needs approval')
    if (clauses.rate !== undefined) lines.push(`  ${clauses.rate}`)
    return { text: lines.join('\n'), budget: clauses.budget }
  }

  private actions(value: unknown, at: string): string {
    const list = Array.isArray(value) ? value : []
    if (list.length === 0) this.fault(at, 'want an array of action names, or ["*"]')
    if (list.includes('*')) {
      if (list.length > 1) this.fault(at, '`*` is every action already; leave the others out')
      return '*'
    }
    const names = list.map((item) => {
      const flaw = typeof item === 'string' ? segmentFlaw(item) : 'it is not a string'
      if (flaw !== undefined) this.fault(at, `${shown(item)} is no action: ${flaw}`)
      return typeof item === 'string' && isIdentifier(item) ? item : JSON.stringify(item)
    })
    return [...new Set(names)].join(', ')
  }

  private patterns(value: unknown, at: string): string {
    if (typeof value !== 'string') {
      this.fault(at, `want a resource pattern, not ${shown(value)}`)
      return '_'
    }
    const flaw = patternFlaw(value)
    if (flaw !== undefined) this.fault(at, `${quote(value)} is no resource pattern: ${flaw}`)
    if (!value.endsWith('*') || value === '**' || value.endsWith(':**')) return value
    this.hasStar = true
    const rest = value === '*' || value.endsWith(':*') ? [`${value}*`] : [value, `${value}:**`]
    const sample = value
      .split(':')
      .map((segment) => segment.replaceAll(/\*|\{[^}]*\}/g, 'a'))
      .join(':')
    this.notes.push(
      `${at}: \`${value}\``,
      value === '*'
        ? '  one:  refused, policy text has no `*` for resources of one segment'
        : `  one:  \`${value}\` grants ${sample}, not ${sample}:b`,
      `  rest: \`${rest.join(', ')}\` grants ${sample}, and also ${sample}:b, ${sample}:b:c and everything below`,
    )
    if (this.star === 'rest') return rest.join(', ')
    if (this.star === 'one' && value === '*')
      this.fault(at, 'a lone `*` reads as everything or as one segment; write `**`, or take --star=rest')
    return value
  }

  private agentConstraints(value: unknown, at: string, alone: boolean): Clauses {
    const clauses = this.constraints(value, `${at}.constraints`, [...GRANT_KEYS, ...LIMIT_KEYS, 'requireApprovalFor'])
    if (!isObject(value) || value.requireApprovalFor === undefined) return clauses
    const place = `${at}.constraints.requireApprovalFor`
    if (!alone) this.fault(place, 'policy text asks for approval on a resource for all agents: import this agent alone')
    const entries = Array.isArray(value.requireApprovalFor) ? value.requireApprovalFor : []
    if (entries.length === 0) this.fault(place, 'want an array such as ["payments:write"]')
    for (const entry of entries) {
      const cut = typeof entry === 'string' ? entry.lastIndexOf(':') : -1
      const action = this.actions(typeof entry === 'string' ? [entry.slice(cut + 1)] : [entry], place)
      const resource = cut < 0 ? '**' : String(entry).slice(0, cut)
      const flaw = patternFlaw(resource)
      if (flaw !== undefined) this.fault(place, `${quote(resource)} is no resource pattern: ${flaw}`)
      const scope = resource === '**' || resource.endsWith(':**') ? resource : `${resource}, ${resource}:**`
      this.guardrails.push(`require approval for ${action} on ${scope}`)
    }
    return clauses
  }

  private constraints(value: unknown, at: string, known: readonly string[]): Clauses {
    if (value === undefined || value === null) return NO_CLAUSES
    if (!isObject(value)) {
      this.fault(at, `want an object, not ${shown(value)}`)
      return NO_CLAUSES
    }
    this.onlyKeys(value, known, at)
    const approval = value.requireApproval ?? false
    if (typeof approval !== 'boolean') this.fault(`${at}.requireApproval`, `want true or false, not ${shown(approval)}`)
    return {
      atoms: [...this.hours(value, at), ...this.addresses(value, at), ...this.argPatterns(value, at)],
      approval: approval === true,
      rate: this.rate(value, at),
      budget: this.budget(value, at),
    }
  }

  private rate(json: Json, at: string): string | undefined {
    const windows = Object.entries(RATES).flatMap(([key, window]) => {
      const count = json[key]
      if (count === undefined || count === null) return []
      if (!Number.isSafeInteger(count) || Number(count) < 0)
        this.fault(`${at}.${key}`, `want a whole number, 0 or more, not ${shown(count)}`)
      return [`${count} per ${window}`]
    })
    return windows.length === 0 ? undefined : `rate ${windows.join(', ')}`
  }

  private budget(json: Json, at: string): string | undefined {
    const windows = Object.entries(BUDGETS).flatMap(([key, window]) => {
      const amount = json[key]
      if (amount === undefined || amount === null) return []
      const text = String(amount)
      if (typeof amount !== 'number' || !/^\d{1,15}(\.\d{1,9})?$/.test(text)) {
        this.fault(`${at}.${key}`, `want an amount in USD with at most 9 decimals, not ${shown(amount)}`)
      }
      return [`${text} USD per ${window}`]
    })
    const pace = json.throttlePerMinute ?? 6
    if (!Number.isSafeInteger(pace) || Number(pace) < 0)
      this.fault(`${at}.throttlePerMinute`, `want a whole number, not ${shown(pace)}`)
    if (windows.length > 0) return `budget ${windows.join(', ')} throttle at 80% to ${pace} per minute`
    if (json.throttlePerMinute !== undefined) this.fault(`${at}.throttlePerMinute`, 'there is no budget to throttle at')
    return undefined
  }

  private hours(json: Json, at: string): string[] {
    const ranges: string[] = []
    if (json.allowedHoursUTC !== undefined) ranges.push(this.range(json.allowedHoursUTC, `${at}.allowedHoursUTC`))
    if (json.timeWindow !== undefined) {
      const window = isObject(json.timeWindow) ? json.timeWindow : {}
      this.onlyKeys(window, ['start', 'end'], `${at}.timeWindow`)
      ranges.push(this.range(`${String(window.start)}-${String(window.end)}`, `${at}.timeWindow`))
    }
    return ranges.map((range) => `time in hours daily ${range}`)
  }

  private range(value: unknown, at: string): string {
    const text = typeof value === 'string' ? value : ''
    const match = /^(([01]\d|2[0-3]):[0-5]\d)-(([01]\d|2[0-3]):[0-5]\d|24:00)$/.exec(text)
    if (match === null || match[1] === match[3])
      this.fault(at, `want two different times such as 09:00-18:00, not ${shown(value)}`)
    return text
  }

  private addresses(json: Json, at: string): string[] {
    if (json.ipAllowlist === undefined) return []
    const list = Array.isArray(json.ipAllowlist) ? json.ipAllowlist : []
    if (list.length === 0) this.fault(`${at}.ipAllowlist`, 'want an array with at least one address')
    for (const item of list) {
      if (typeof item !== 'string' || !/^[0-9A-Fa-f:.]+(\/\d{1,3})?$/.test(item)) {
        this.fault(`${at}.ipAllowlist`, `want addresses such as 10.0.0.0/8, not ${shown(item)}`)
      }
    }
    return [`ip in cidr [${list.join(', ')}]`]
  }

  private argPatterns(json: Json, at: string): string[] {
    if (json.argPatterns === undefined) return []
    if (!isObject(json.argPatterns)) {
      this.fault(`${at}.argPatterns`, `want an object of regexes, not ${shown(json.argPatterns)}`)
      return []
    }
    return Object.entries(json.argPatterns).map(([key, pattern]) => {
      const place = `${at}.argPatterns.${key}`
      const name = isIdentifier(key) ? key : this.string(key, place)
      if (typeof pattern !== 'string' || pattern === '' || /[\p{Cc}\p{Cf}]/u.test(pattern)) {
        this.fault(place, `want a regex without control characters, not ${shown(pattern)}`)
        return `args.${name} = ""`
      }
      if (/^(?:[^\\]|\\[\s\S])*\\$/.test(pattern)) this.fault(place, 'the regex ends in the middle of an escape')
      if (!pattern.startsWith('^') || !pattern.endsWith('$')) {
        this.notes.push(`${place}: a regex of a policy matches the whole argument, as if it stood between ^ and $`)
      }
      return `args.${name} matches /${pattern.replace(/\\[\s\S]|\//g, (part) => (part === '/' ? '\\/' : part))}/`
    })
  }

  private string(value: unknown, at: string): string {
    if (typeof value !== 'string' || value === '' || /[\p{Cc}\p{Cf}\p{Cs}]/u.test(value)) {
      this.fault(at, `want text without control characters, not ${shown(value)}`)
    }
    return JSON.stringify(value)
  }

  private onlyKeys(json: Json, known: readonly string[], at: string): void {
    for (const key of Object.keys(json)) {
      if (!known.includes(key))
        this.fault(at, `unknown key ${quote(key)}; nothing is left out silently, so remove it or translate it by hand`)
    }
  }

  private fault(at: string, message: string): void {
    this.faults.push(`${at}: ${message}`)
  }
}

/** Why `text` is no pattern of policy text without quoted segments, or `undefined`. */
function patternFlaw(text: string): string | undefined {
  const segments = text.split(':')
  if (segments.length > 32) return 'more than 32 segments'
  for (const [i, segment] of segments.entries()) {
    if (segment === '') return 'it has an empty segment'
    if (segment === '**' && i === segments.length - 1) continue
    if (segment.includes('**')) return '`**` stands alone, as the last segment'
    if (!/^([A-Za-z0-9_.@*-]|\{[A-Za-z0-9_.@*-]+(,[A-Za-z0-9_.@*-]+)*\})+$/.test(segment)) {
      return `segment ${quote(segment)} holds something else than letters, digits, \`_.@-\`, \`*\` and \`{a,b}\``
    }
  }
  return undefined
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : quote(JSON.stringify(value) ?? String(value))
}
