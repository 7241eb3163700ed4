/**
 * Sessions of people, verified: the application that signs them in says what a session is, and here is decided whether it counts.
 * Lifetime, device, second factor and number are ours, so that they are the same whatever the application is built on.
 */
import { isWellFormed, toHex } from '../../compiler/model/index.ts'
import { entryOf } from '../audit/index.ts'
import { type Acting, actorOf } from '../authority/index.ts'
import { KavachError, type KavachErrorCode } from '../errors.ts'
import { assertKnownOptions, assertOptionKind, countOption, failOption, type Members } from '../option-checks.ts'
import type { Change, Site } from '../site.ts'
import type { Reader } from '../store.ts'
import type { Row } from '../tables.ts'
import type { Session, SessionKind, SessionOptions } from './options.ts'

export interface Sessions {
  /**
   * Who sent this request.
   *
   * @throws {KavachError} KVCH_E_SESSION_NOT_FOUND, KVCH_E_SESSION_INVALID, KVCH_E_SESSION_EXPIRED,
   * KVCH_E_SESSION_MFA_REQUIRED, KVCH_E_SESSION_DEVICE_MISMATCH, KVCH_E_SESSION_CONCURRENT_LIMIT; KVCH_E_OAUTH_PROVIDER_UNAVAILABLE
   * when the application does not say
   */
  readonly verify: (request: Request) => Promise<VerifiedSession>
  /** The sessions of a user that were seen and count now, the oldest first. They are named by the SHA-256 of their ids. */
  readonly list: (userId: string) => Promise<readonly SeenSession[]>
  /** Ends one: by its id, or by the name that `list` gives. Once more changes nothing. @throws {KavachError} KVCH_E_SESSION_NOT_FOUND */
  readonly end: (session: string, acting?: Acting) => Promise<void>
}

export interface VerifiedSession {
  readonly userId: string
  readonly name?: string
  readonly kind: SessionKind
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly mfa: boolean
}

export interface SeenSession {
  readonly id: string
  readonly kind: SessionKind
  readonly issuedAt: Date
  readonly seenAt: Date
  readonly expiresAt: Date
}

export interface SessionsPorts {
  /** Whether a failure of this source, at this time, gets a row of its own. */
  readonly admitFailure: (source: string, now: number) => boolean
}

export interface SessionsPart {
  readonly api: Sessions
  /** Removes sessions that are over, at most `limit`. */
  readonly sweep: (change: Change, limit: number) => Promise<number>
}

const DAY_MS = 86_400_000
const LIFETIME_DAYS = { web: 7, mobile: 30 }
const MAX_PER_USER = 5
/** Clocks of two machines differ by so much at most. */
const SKEW_MS = 60_000
/** How exactly `seenAt` is kept: a write for every request would cost more than it tells. */
const SEEN_MS = 60_000
const MAX_TEXT = 4096
const PAGE = 1000

type SessionsSite = Pick<Site, 'host' | 'sha256' | 'read' | 'change'>

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function createSessions(
  site: SessionsSite,
  options: SessionOptions | undefined,
  { admitFailure }: SessionsPorts,
): SessionsPart {
  const rules = options === undefined ? undefined : readOptions(options)
  const hash = (text: string) => toHex(site.sha256(new TextEncoder().encode(text)))

  async function refuse(code: KavachErrorCode, session: Session | undefined, message?: string): Promise<never> {
    const userId = session?.userId
    const now = site.host.now()
    if (admitFailure(`session ${userId ?? ''}`, now)) {
      const personal = userId === undefined ? undefined : { user: userId }
      await site.change((change) => {
        change.record(entryOf({ kind: 'session.refuse', actor: 'host', result: 'denied', personal, members: { code } }))
      })
    }
    throw new KavachError(code, message)
  }

  /** Those that count now, read in pages. */
  async function liveOf(reader: Reader, user: string, now: number): Promise<readonly Row<'sessions'>[]> {
    const live: Row<'sessions'>[] = []
    let after: string | undefined
    for (;;) {
      const page = await reader.find('sessions', 'byUser', { equal: [user], ...(after !== undefined && { after }) })
      live.push(...page.filter(({ endedAt, expiresAt }) => endedAt === null && expiresAt > now))
      if (page.length < PAGE) return live
      after = page.at(-1)?.id
    }
  }

  /** Whether one more may begin; sessions that the application no longer knows are ended first. */
  async function hasRoom(session: Session, known: Rules): Promise<boolean> {
    const { maxPerUser, port } = known
    const begun = await site.read((reader) => liveOf(reader, session.userId, site.host.now()))
    if (begun.length < maxPerUser) return true
    if (port.live === undefined) return false
    const live = new Set((await port.live(session.userId)).map(hash))
    const gone = begun.filter(({ id }) => !live.has(id))
    if (gone.length === 0) return false
    await site.change(async (change) => {
      for (const { id } of gone) await end(change, await change.get('sessions', { id }), 'host')
    })
    return begun.length - gone.length < maxPerUser
  }

  async function begin(session: Session, row: Row<'sessions'>, known: Rules): Promise<boolean> {
    if (!(await hasRoom(session, known))) return false
    return site.change(async (change) => {
      // Between the two, others may have begun; the same one may have as well.
      if ((await change.get('sessions', { id: row.id })) !== undefined) return true
      if ((await liveOf(change, row.user, change.now)).length >= known.maxPerUser) return false
      await change.insert('sessions', [row])
      record(change, 'session.begin', row, 'host')
      return true
    })
  }

  async function verify(request: Request): Promise<VerifiedSession> {
    if (rules === undefined) {
      throw new KavachError('KVCH_E_CONFIG_INVALID', 'give `sessions.port`, which says what a session is')
    }
    const session = await ask(rules.port.session, request)
    // Nothing was shown, so nothing was refused: whoever is not signed in leaves no row.
    if (session === undefined) throw new KavachError('KVCH_E_SESSION_NOT_FOUND')
    if (session === 'invalid' || !isSession(session)) return refuse('KVCH_E_SESSION_INVALID', undefined)
    const { userId, name, issuedAt, kind = 'web', mfa = false } = session
    const now = site.host.now()
    const expiresAt = issuedAt.getTime() + rules.lifetimeMs[kind]
    if (issuedAt.getTime() > now + SKEW_MS) return refuse('KVCH_E_SESSION_INVALID', session)
    if (expiresAt <= now) return refuse('KVCH_E_SESSION_EXPIRED', session)
    if (rules.isMfaRequired && !mfa) return refuse('KVCH_E_SESSION_MFA_REQUIRED', session)
    const id = hash(session.id)
    const device = session.device === undefined ? null : hash(session.device)
    const fresh = {
      id,
      user: userId,
      kind,
      device,
      issuedAt: issuedAt.getTime(),
      seenAt: now,
      expiresAt,
      endedAt: null,
    }
    const seen = await site.read((reader) => reader.get('sessions', { id }))
    if (seen === undefined) {
      if (!(await begin(session, fresh, rules))) return refuse('KVCH_E_SESSION_CONCURRENT_LIMIT', session)
    } else {
      if (seen.endedAt !== null) return refuse('KVCH_E_SESSION_NOT_FOUND', session)
      if (seen.user !== userId) return refuse('KVCH_E_SESSION_INVALID', session)
      if (rules.isDeviceBound && seen.device !== null && seen.device !== device) {
        return refuse('KVCH_E_SESSION_DEVICE_MISMATCH', session)
      }
      if (now - seen.seenAt >= SEEN_MS) await noteSeen(id, now)
    }
    return {
      userId,
      ...(name !== undefined && { name }),
      kind,
      issuedAt,
      expiresAt: new Date(expiresAt),
      mfa,
    }
  }

  function noteSeen(id: string, now: number): Promise<void> {
    return site.change(async (change) => {
      const row = await change.get('sessions', { id })
      if (row !== undefined && row.endedAt === null) await change.put('sessions', [{ ...row, seenAt: now }])
    })
  }

  return {
    api: {
      verify,
      async list(userId) {
        const rows = await site.read((reader) => liveOf(reader, readText(userId, 'userId'), site.host.now()))
        return [...rows].sort((a, b) => a.issuedAt - b.issuedAt).map(viewOf)
      },
      async end(session, acting) {
        const actor = actorOf(acting, 'KVCH_E_REQUEST_INVALID')
        const named = readText(session, 'session')
        await site.change(async (change) => {
          const row =
            (await change.get('sessions', { id: named })) ?? (await change.get('sessions', { id: hash(named) }))
          if (row === undefined) throw new KavachError('KVCH_E_SESSION_NOT_FOUND')
          await end(change, row, actor)
        })
      },
    },
    async sweep(change, limit) {
      const over = await change.find('sessions', 'byExpiry', { before: change.now - DAY_MS, limit })
      for (const { id } of over) await change.remove('sessions', { id })
      return over.length
    },
  }
}

interface Rules {
  readonly port: SessionOptions['port']
  readonly lifetimeMs: { readonly [K in SessionKind]: number }
  readonly maxPerUser: number
  readonly isDeviceBound: boolean
  readonly isMfaRequired: boolean
}

const OPTIONS: Members<SessionOptions> = {
  port: true,
  lifetimeDays: true,
  maxPerUser: true,
  isDeviceBound: true,
  isMfaRequired: true,
}

function readOptions(options: SessionOptions): Rules {
  assertKnownOptions('sessions', options, OPTIONS)
  const { port, lifetimeDays = {}, maxPerUser, isDeviceBound = true, isMfaRequired = false } = options
  if (typeof port?.session !== 'function') failOption('sessions.port', 'must have a function `session`')
  assertKnownOptions('sessions.lifetimeDays', lifetimeDays, { web: true, mobile: true })
  assertOptionKind('sessions.isDeviceBound', isDeviceBound, 'boolean')
  assertOptionKind('sessions.isMfaRequired', isMfaRequired, 'boolean')
  const lifetimeOf = (kind: SessionKind) =>
    countOption(lifetimeDays[kind], `sessions.lifetimeDays.${kind}`, LIFETIME_DAYS[kind]) * DAY_MS
  return {
    port,
    lifetimeMs: { web: lifetimeOf('web'), mobile: lifetimeOf('mobile') },
    maxPerUser: countOption(maxPerUser, 'sessions.maxPerUser', MAX_PER_USER),
    isDeviceBound,
    isMfaRequired,
  }
}

async function ask(port: SessionOptions['port']['session'], request: Request) {
  try {
    return await port(request)
  } catch (cause) {
    if (cause instanceof KavachError) throw cause
    const message = 'the application that signs people in does not say who this is'
    throw new KavachError('KVCH_E_OAUTH_PROVIDER_UNAVAILABLE', message, { cause })
  }
}

/** What a port gives is looked at: it may be plain JavaScript. */
function isSession(given: Session): boolean {
  if (typeof given !== 'object' || given === null) return false
  const { id, userId, name, issuedAt, kind, device, mfa } = given
  return (
    isText(id) &&
    isText(userId) &&
    (name === undefined || isText(name)) &&
    (device === undefined || (typeof device === 'string' && isWellFormed(device))) &&
    (kind === undefined || kind === 'web' || kind === 'mobile') &&
    (mfa === undefined || typeof mfa === 'boolean') &&
    issuedAt instanceof Date &&
    !Number.isNaN(issuedAt.getTime())
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT && isWellFormed(value)
}

function readText(value: unknown, path: string): string {
  if (isText(value)) return value
  throw new KavachError('KVCH_E_REQUEST_INVALID', `${path}: must be a text`, { details: { path } })
}

async function end(change: Change, row: Row<'sessions'> | undefined, actor: string): Promise<void> {
  if (row === undefined || row.endedAt !== null) return
  await change.put('sessions', [{ ...row, endedAt: change.now }])
  record(change, 'session.end', row, actor)
}

function record(change: Change, kind: string, { id, user, kind: of }: Row<'sessions'>, actor: string): void {
  change.record(entryOf({ kind, actor, personal: { user }, members: { session: id, session_kind: of } }))
}

function viewOf({ id, kind, issuedAt, seenAt, expiresAt }: Row<'sessions'>): SeenSession {
  return { id, kind, issuedAt: new Date(issuedAt), seenAt: new Date(seenAt), expiresAt: new Date(expiresAt) }
}
