/** Votes: who may give one, and what becomes of the request. */
import { isWellFormed } from '../../compiler/model/index.ts'
import { KavachError } from '../errors.ts'
import type { ApprovalOptions, Approver } from '../options.ts'
import type { Change, Site } from '../site.ts'
import type { Row } from '../tables.ts'
import { needsMet, type Vote } from './ballot.ts'
import type { Bell } from './bell.ts'
import { closeExpired, entryFor } from './queue.ts'
import { type Approval, readNeeds, readRequest, readVotes, statusOf, viewOf } from './view.ts'

export interface Decide {
  /** Who decides; taken as given, so it is refused when `approvals.authenticate` is set. */
  readonly approver?: string | Approver | undefined
  /** For `approvals.authenticate`. */
  readonly credential?: unknown
  readonly note?: string | undefined
}

type Verb = 'approve' | 'deny'

/** What came of an attempt. What was refused is recorded too, so it is thrown after the change. */
type Attempt =
  | { readonly kind: 'decided'; readonly approval: Approval }
  | { readonly kind: 'closed'; readonly status: string }
  | { readonly kind: 'forbidden'; readonly why: string }

const MEMBERS: ReadonlySet<string> = new Set(['approver', 'credential', 'note'])
const MAX_NOTE = 1000

/** @throws {KavachError} KVCH_E_APPROVAL_NOT_FOUND, KVCH_E_APPROVAL_CLOSED, KVCH_E_APPROVAL_FORBIDDEN, KVCH_E_REQUEST_INVALID */
export async function decide(
  site: Pick<Site, 'settings' | 'change'>,
  bell: Bell,
  id: string,
  by: Decide,
  verb: Verb,
): Promise<Approval> {
  const note = readNote(by)
  const approver = await authenticate(site.settings.approvals, by)
  const ttlMs = site.settings.approvals.ttlSeconds * 1000
  const attempt = await site.change(async (change): Promise<Attempt> => {
    const row = typeof id === 'string' ? await change.get('approvals', { id }) : undefined
    if (row === undefined) throw new KavachError('KVCH_E_APPROVAL_NOT_FOUND', `there is no approval \`${id}\``)
    const status = statusOf(row, change.now)
    if (status !== 'pending') {
      await closeExpired(change, [row])
      return { kind: 'closed', status }
    }
    const vote: Vote = { id: approver.id, roles: approver.roles ?? [], at: change.now }
    const why = (await isInvolved(change, row, approver.id))
      ? 'nobody decides a request of their own, nor one of another agent of the same owner'
      : faultOfVote(row, vote, verb)
    if (why !== undefined) {
      change.record(entryFor(row, 'approval.refuse', approver.id, { members: { attempted: verb, why } }))
      return { kind: 'forbidden', why }
    }
    return { kind: 'decided', approval: await cast(change, row, { vote, verb, note, ttlMs }) }
  })
  switch (attempt.kind) {
    case 'closed':
      throw new KavachError('KVCH_E_APPROVAL_CLOSED', `the approval is ${attempt.status}`, {
        details: { status: attempt.status },
      })
    case 'forbidden':
      throw new KavachError('KVCH_E_APPROVAL_FORBIDDEN', attempt.why)
    case 'decided':
      bell.ring(id)
      return attempt.approval
  }
}

interface Ballot {
  readonly vote: Vote
  readonly verb: Verb
  readonly note: string | undefined
  readonly ttlMs: number
}

async function cast(change: Change, row: Row<'approvals'>, { vote, verb, note, ttlMs }: Ballot): Promise<Approval> {
  const votes = verb === 'approve' ? [...readVotes(row), vote] : readVotes(row)
  const needs = readNeeds(row)
  const status = verb === 'deny' ? 'denied' : needsMet(needs, votes) === needs.length ? 'approved' : 'pending'
  const next: Row<'approvals'> = {
    ...row,
    votes: JSON.stringify(votes),
    status,
    note: note ?? row.note,
    ...(status !== 'pending' && { decidedAt: change.now }),
    // Once it is approved there is as much time to use it as there was to approve it.
    ...(status === 'approved' && { expiresAt: change.now + ttlMs }),
  }
  await change.put('approvals', [next])
  const members = { roles: vote.roles, status }
  change.record(
    entryFor(row, `approval.${verb}`, vote.id, { members, ...(note !== undefined && { personal: { note } }) }),
  )
  return viewOf(next, change.now)
}

/** Why this vote is not taken, or nothing. */
function faultOfVote(row: Row<'approvals'>, vote: Vote, verb: Verb): string | undefined {
  const needs = readNeeds(row)
  const votes = readVotes(row)
  const others = votes.filter(({ id }) => id !== vote.id)
  if (verb === 'approve' && others.length < votes.length)
    return 'this approver has agreed already; another one is needed'
  // Who has agreed may think better of it.
  if (needsMet(needs, [...others, vote]) > needsMet(needs, others)) return undefined
  return 'what is still needed is the vote of somebody else'
}

/** True for an agent of the request, and for the other agents of their owners, by id or by name. */
async function isInvolved(change: Change, row: Row<'approvals'>, approver: string): Promise<boolean> {
  const names = new Set([row.agent, ...readRequest(row).chain])
  if (names.has(approver)) return true
  const named = await change.get('agents', { id: approver })
  const candidates = [...(named === undefined ? [] : [named]), ...(await allNamed(change, approver))]
  if (candidates.length === 0) return false
  const owners = new Set<string>()
  for (const id of names) {
    const owner = (await change.get('agents', { id }))?.owner
    if (typeof owner === 'string') owners.add(owner)
  }
  return candidates.some(({ id, owner }) => names.has(id) || (owner !== null && owners.has(owner)))
}

/** Names are not unique, so there may be more than one look can give. */
async function allNamed(change: Change, name: string): Promise<readonly Row<'agents'>[]> {
  const found: Row<'agents'>[] = []
  for (;;) {
    const after = found.at(-1)?.id
    const page = await change.find('agents', 'byName', { equal: [name], ...(after !== undefined && { after }) })
    found.push(...page)
    if (page.length < PAGE) return found
  }
}

/** Rows that a store gives when nothing is said. */
const PAGE = 1000

async function authenticate({ authenticate: port }: ApprovalOptions, by: Decide): Promise<Approver> {
  if (port === undefined) {
    if (by.credential !== undefined)
      invalid('credential', 'nobody checks it; set `approvals.authenticate`, or give `approver`')
    if (by.approver === undefined) invalid('approver', 'say who decides')
    return readApprover(by.approver)
  }
  if (by.approver !== undefined) {
    throw new KavachError('KVCH_E_APPROVAL_FORBIDDEN', 'approvers are authenticated here: give a `credential`')
  }
  const approver = await port(by.credential)
  if (approver === undefined) {
    throw new KavachError('KVCH_E_APPROVAL_FORBIDDEN', 'the credential is of nobody who may decide')
  }
  return readApprover(approver)
}

function readApprover(given: string | Approver): Approver {
  const { id, roles = [] } = typeof given === 'string' ? { id: given } : (given ?? {})
  if (!isText(id) || id === '') invalid('approver', 'must be an id, or an object with `id` and `roles`')
  if (!Array.isArray(roles) || roles.some((role) => !isText(role) || role === '')) {
    invalid('approver.roles', 'must be a list of texts')
  }
  return { id, roles }
}

/** What the log can say. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && isWellFormed(value)
}

function readNote(by: Decide): string | undefined {
  if (typeof by !== 'object' || by === null) invalid('by', 'must be an object with `approver` or `credential`')
  for (const name of Object.keys(by)) if (!MEMBERS.has(name)) invalid(name, 'there is no such member')
  const { note } = by
  if (note !== undefined && (!isText(note) || note.length > MAX_NOTE)) {
    invalid('note', `must be a text of at most ${MAX_NOTE} characters`)
  }
  return note
}

function invalid(path: string, message: string): never {
  throw new KavachError('KVCH_E_REQUEST_INVALID', `${path}: ${message}`, { details: { path } })
}
