import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { appendRows, entryOf, type LogHead } from '../../../runtime/audit/index.ts'
import type { Entry } from '../../../runtime/site.ts'
import { hostAt, NOW, sha256 } from '../site.ts'

const EMPTY: LogHead = { size: 0, frontier: new Uint8Array(0), time: 0, epoch: 7 }

function append(head: LogHead, entries: readonly Entry[], time = NOW) {
  return appendRows({ head, entries, time, sha256, random: hostAt(NOW).random })
}

/** The definition of RFC 9162, section 2.1.1, as it stands there. */
function treeHash(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves
  if (first === undefined) return sha256(new Uint8Array(0))
  if (leaves.length === 1) return first
  let half = 1
  while (half * 2 < leaves.length) half *= 2
  return sha256(Buffer.concat([Buffer.of(1), treeHash(leaves.slice(0, half)), treeHash(leaves.slice(half))]))
}

/** The root that a head stands for. */
function rootOf({ frontier }: LogHead): Uint8Array {
  const roots: Uint8Array[] = Array.from({ length: frontier.length / 32 }, (_, i) =>
    frontier.slice(32 * i, 32 * i + 32),
  )
  return roots.reduceRight((right, left) => sha256(Buffer.concat([Buffer.of(1), left, right])))
}

test('a row has canonical JSON, its leaf and what stands in columns', () => {
  const entry = entryOf({
    kind: 'agent.create',
    agent: 'agt_1',
    actor: 'host',
    requestId: 'req_1',
    members: { type: 'service', absent: undefined },
  })
  const body =
    '{"actor":"host","agent":"agt_1","kind":"agent.create","request_id":"req_1","seq":0,"time":"2026-04-01T12:00:00.000Z","type":"service"}'
  const leaf = createHash('sha256').update(`\0${body}`).digest()
  expect(append(EMPTY, [entry])).toEqual({
    rows: [{ seq: 0, time: NOW, agent: 'agt_1', kind: 'agent.create', result: null, body, leaf, personal: null }],
    head: { size: 1, frontier: new Uint8Array(leaf), time: NOW, epoch: 7 },
  })
})

test('personal values stand beside the row, which commits to them', () => {
  const entry = entryOf({ kind: 'agent.create', actor: 'host', personal: { owner: 'ann', user: undefined } })
  const { rows } = append(EMPTY, [entry])
  const salt = hostAt(NOW).random(16)
  const text = `{"salt":"${Buffer.from(salt).toString('hex')}","owner":"ann"}`
  const body = JSON.parse(rows[0]?.body ?? '')
  expect([body.personal, rows[0]?.personal]).toEqual([createHash('sha256').update(text).digest('hex'), text])
})

test('a row without personal values commits to nothing', () => {
  const { rows } = append(EMPTY, [entryOf({ kind: 'log.open', actor: 'host', personal: { owner: undefined } })])
  expect(rows[0]?.personal).toBe(null)
  expect(JSON.parse(rows[0]?.body ?? '')).not.toHaveProperty('personal')
})

test('members do not replace what every row has', () => {
  const { rows } = append(EMPTY, [entryOf({ kind: 'log.open', actor: 'host', members: { seq: 9, kind: 'erase' } })])
  expect(rows[0]?.body).toBe('{"actor":"host","kind":"log.open","seq":0,"time":"2026-04-01T12:00:00.000Z"}')
})

test('the head is that of the tree over all leaves, however they are batched', () => {
  const leaves: Uint8Array[] = []
  let head = EMPTY
  for (const count of [1, 1, 3, 2, 7, 0, 16, 31, 64, 5, 1, 300]) {
    const from = head.size
    const entries = Array.from({ length: count }, (_, i) =>
      entryOf({ kind: 'log.open', actor: 'host', members: { i: i + from } }),
    )
    const appended = append(head, entries)
    head = appended.head
    leaves.push(...appended.rows.map(({ leaf }) => leaf))
    expect(appended.rows.map(({ seq }) => seq)).toEqual(entries.map((_, i) => from + i))
    expect(Buffer.from(rootOf(head)).toString('hex')).toBe(Buffer.from(treeHash(leaves)).toString('hex'))
  }
  expect(head.size).toBe(431)
})

test('a body longer than any before it is hashed whole', () => {
  const text = '€'.repeat(20_000)
  const { rows } = append(EMPTY, [entryOf({ kind: 'log.open', actor: 'host', members: { text } })])
  const leaf = createHash('sha256').update(`\0${rows[0]?.body}`).digest('hex')
  expect(Buffer.from(rows[0]?.leaf ?? []).toString('hex')).toBe(leaf)
})
