import { describe, expect, test } from 'vitest'
import { parseDecisionLine } from '../../../compiler/model/index.ts'
import { faultOfProof, fillPostings, keysOf, rowsOfAgent } from '../../../runtime/audit/index.ts'
import { NOW, sha256 } from '../site.ts'
import { logOf } from './log.ts'

const ids = (rows: readonly { readonly auditId: string }[]) => rows.map(({ auditId }) => auditId)
const idsOf = (...seqs: readonly number[]) => seqs.map((seq) => `aud_${seq}`)

describe('a query', () => {
  test('gives rows with their personal values, the newest first', async () => {
    const { audit, fill } = logOf()
    await fill(3)
    const [row, ...others] = await audit.query()
    expect(ids(others)).toEqual(idsOf(1, 0))
    expect(row).toEqual({
      auditId: 'aud_2',
      seq: 2,
      time: '2026-04-01T12:00:00.000Z',
      kind: 'decision',
      agent: 'agt_2',
      actor: 'agt_2',
      by: 'id',
      owner: 'ann',
      ip: '10.0.0.1',
      action: 'read',
      resource: 'mcp:docs:2',
      args: { to: 'ann' },
      argsDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      result: 'allowed',
      verdict: 'allow',
      reason: 'allowed',
      grant: 1,
      policy: { name: 'acme', generation: 1, digest: '00'.repeat(32) },
      request_id: 'req_2',
      durationUs: 102,
      personal: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('finds by every member', async () => {
    const { audit, fill } = logOf()
    await fill(20, 5)
    const found = async (query: Parameters<typeof audit.query>[0]) => ids(await audit.query({ order: 'asc', ...query }))
    expect(await found({ agentId: 'agt_1' })).toEqual(idsOf(1, 4, 7, 10, 13, 16, 19))
    expect(await found({ agentId: 'agt_1', result: 'denied' })).toEqual(idsOf(1, 13))
    expect(await found({ userId: 'bob', kind: 'decision' })).toEqual(idsOf(1, 3, 5, 7, 9, 11, 13, 15, 17, 19))
    expect(await found({ kind: 'agent.create' })).toEqual(idsOf(0, 10))
    expect(await found({ kind: ['agent.create', 'decision'], action: 'write' })).toEqual(idsOf(5, 15))
    expect(await found({ resource: 'mcp:docs:7' })).toEqual(idsOf(7))
    expect(await found({ requestId: 'req_9' })).toEqual(idsOf(9))
    expect(await found({ since: new Date(NOW + 1000), until: NOW + 3000 })).toEqual(
      idsOf(5, 6, 7, 8, 9, 10, 11, 12, 13, 14),
    )
    expect(await found({ since: '2026-04-01T12:00:03Z' })).toEqual(idsOf(15, 16, 17, 18, 19))
    expect(await found({ agentId: 'agt_nobody' })).toEqual([])
  })

  test('goes on behind the last row that was seen, in both directions', async () => {
    const { audit, fill } = logOf()
    await fill(9)
    expect(ids(await audit.query({ limit: 3 }))).toEqual(idsOf(8, 7, 6))
    expect(ids(await audit.query({ limit: 3, cursor: 'aud_6' }))).toEqual(idsOf(5, 4, 3))
    expect(ids(await audit.query({ order: 'asc', cursor: 'aud_6' }))).toEqual(idsOf(7, 8))
  })

  test('finds the same with and without postings', { timeout: 60_000 }, async () => {
    const { audit, fill, site } = logOf()
    await fill(2500, 500)
    const before = await audit.query({ agentId: 'agt_2', limit: 10_000 })
    expect(before.length).toBe(833)
    expect(await fillPostings(site)).toBe(2)
    expect(await fillPostings(site)).toBe(0)
    expect(await audit.query({ agentId: 'agt_2', limit: 10_000 })).toEqual(before)
    const newest = await site.read((reader) => rowsOfAgent(reader, 'agt_2', 700))
    expect(newest.map(({ seq }) => seq)).toEqual(before.slice(0, 700).map(({ seq }) => seq))
  })

  test.each([
    [{ limit: 0 }, 'limit: must be a whole number from 1 to 10000'],
    [{ order: 'up' }, 'order: must be `asc` or `desc`'],
    [{ cursor: '7' }, 'cursor: must be the `auditId` of a row'],
    [{ since: 'yesterday' }, 'since: must be a `Date`, milliseconds since 1970, or RFC 3339'],
    [{ result: 'maybe' }, 'result: must be `allowed` or `denied`'],
    [{ agentId: 7 }, 'agentId: must be a text'],
    [{ agent: 'agt_1' }, 'agent: is not known here'],
  ])('%j is refused', async (query, message) => {
    const { audit } = logOf()
    // What a caller without types may send.
    await expect(audit.query(query as object)).rejects.toMatchObject({ code: 'KVCH_E_REQUEST_INVALID', message })
  })

  test('a row that is not there is an error', async () => {
    const { audit, fill } = logOf()
    await fill(1)
    expect((await audit.get('aud_0')).kind).toBe('agent.create')
    for (const id of ['aud_1', 'aud_-1', 'x', undefined]) {
      // What a caller without types may send.
      await expect(audit.get(id as string)).rejects.toMatchObject({ code: 'KVCH_E_AUDIT_NOT_FOUND' })
    }
  })
})

describe('an export', () => {
  test('of every row is JSON, or JSON Lines that a replay reads', async () => {
    const { audit, fill } = logOf()
    await fill(12)
    const rows = await audit.query({ order: 'asc' })
    expect(JSON.parse(await audit.export({ format: 'json' }))).toEqual(rows)
    const lines = (await audit.export({ format: 'jsonl', kind: 'decision' })).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(rows.filter(({ kind }) => kind === 'decision'))
    expect(lines.map((line) => parseDecisionLine(line).ok)).toEqual(lines.map(() => true))
  })

  test('comes in pieces that make the same text', async () => {
    const { audit, fill } = logOf()
    await fill(700, 350)
    let text = ''
    let pieces = 0
    for await (const piece of audit.exportStream({ format: 'csv' })) {
      text += piece
      pieces++
    }
    expect(pieces).toBeGreaterThan(1)
    expect(text).toBe(await audit.export({ format: 'csv' }))
  })

  test('of nothing is a whole text', async () => {
    const { audit } = logOf()
    expect(await audit.export({ format: 'json' })).toBe('[]\n')
    expect(await audit.export({ format: 'jsonl' })).toBe('')
    expect((await audit.export({ format: 'csv' })).split('\r\n').length).toBe(2)
  })

  test.each([
    [{ format: 'xml' }, 'format: must be one of json, csv, jsonl, ocsf, cef'],
    [{ format: 'csv', proofs: true }, 'proofs: there are proofs with `jsonl` only'],
    [{ format: 'jsonl', proofs: true, agentId: 'a' }, 'agentId: an export with proofs has all rows'],
    [{ format: 'json', limit: 3 }, 'limit: is not known here'],
  ])('%j is refused', async (options, message) => {
    const { audit } = logOf()
    // What a caller without types may send.
    await expect(audit.export(options as Parameters<typeof audit.export>[0])).rejects.toMatchObject({
      code: 'KVCH_E_REQUEST_INVALID',
      message,
    })
  })
})

describe('a proof', () => {
  test('of each row holds against the checkpoint, and behind it against the head', async () => {
    const { audit, fill, checkpointer } = logOf()
    await fill(21)
    await checkpointer.flush()
    await fill(4)
    const key = (await checkpointer.verifierKey()) ?? ''
    for (let seq = 0; seq < 25; seq++) {
      const proof = await audit.prove(`aud_${seq}`)
      expect([proof.size, proof.checkpoint === undefined]).toEqual(seq < 21 ? [21, false] : [25, true])
      const keys = seq < 21 ? keysOf([key], [proof.checkpoint ?? ''], { sha256 }) : []
      expect(await faultOfProof(proof, keys, sha256)).toBe('')
    }
  })

  test('of another row, body, value or tree does not hold', async () => {
    const { audit, fill, checkpointer } = logOf()
    await fill(21)
    await checkpointer.flush()
    const proof = await audit.prove('aud_5')
    const other = await audit.prove('aud_6')
    const keys = keysOf([(await checkpointer.verifierKey()) ?? ''], [], { sha256 })
    const strangers = keysOf(['ab'.repeat(32)], [proof.checkpoint ?? ''], { sha256 })
    const faults = await Promise.all([
      faultOfProof({ ...proof, index: 6, auditId: 'aud_6' }, keys, sha256),
      faultOfProof({ ...proof, auditId: 'aud_6' }, keys, sha256),
      faultOfProof({ ...proof, body: other.body ?? '' }, keys, sha256),
      faultOfProof({ ...proof, personal: other.personal ?? '' }, keys, sha256),
      faultOfProof({ ...proof, leaf: other.leaf }, keys, sha256),
      faultOfProof({ ...proof, proof: proof.proof.slice(1) }, keys, sha256),
      faultOfProof({ ...proof, size: 22 }, keys, sha256),
      faultOfProof({ ...proof, checkpoint: proof.checkpoint?.replace('\n21\n', '\n22\n') ?? '' }, keys, sha256),
      faultOfProof(proof, strangers, sha256),
    ])
    expect(faults).toEqual([
      'the row is not in the tree',
      'it is about another row than it says',
      'the row is not what was hashed',
      'the personal values are not those that the row commits to',
      'the row is not what was hashed',
      'the row is not in the tree',
      'the checkpoint is that of another tree',
      'the checkpoint is that of another tree',
      'the checkpoint was signed by none of the keys',
    ])
  })
})

describe('erasing', () => {
  test('of a user takes the values and leaves the proofs', async () => {
    const { audit, fill, checkpointer } = logOf()
    await fill(40)
    await checkpointer.flush()
    const before = await audit.prove('aud_3')
    expect(await audit.erase({ userId: 'bob' }, { actor: 'dpo' })).toEqual({ auditId: 'aud_40', rows: 20 })
    expect(await audit.query({ userId: 'bob' })).toEqual([])
    expect((await audit.query({ userId: 'ann' })).length).toBe(20)
    const { personal: _, ...after } = before
    expect(await audit.prove('aud_3')).toEqual(after)
    expect(await audit.get('aud_40')).toMatchObject({ kind: 'erase', actor: 'dpo', rows: 20, upTo: 40 })
    expect(JSON.stringify(await audit.query())).not.toContain('bob')
    expect(await audit.verify()).toMatchObject({ isIntact: true, erased: 20, checkpoints: 1, signedRows: 40 })
  })

  test('of an agent takes the values of its rows', async () => {
    const { audit, fill } = logOf()
    await fill(9)
    expect((await audit.erase({ agentId: 'agt_1' })).rows).toBe(3)
    expect((await audit.query({ agentId: 'agt_1' })).some(({ owner }) => owner !== undefined)).toBe(false)
    expect((await audit.query({ agentId: 'agt_2' })).every(({ owner }) => owner !== undefined)).toBe(true)
  })

  test('of nobody, or of both, is refused', async () => {
    const { audit } = logOf()
    for (const subject of [{}, { userId: '' }, { userId: 'a', agentId: 'b' }]) {
      // What a caller without types may send.
      await expect(audit.erase(subject as { userId: string })).rejects.toMatchObject({ code: 'KVCH_E_REQUEST_INVALID' })
    }
  })
})

describe('pruning', () => {
  test('drops bodies and leaves hashes, columns and proofs', async () => {
    const { audit, fill, checkpointer } = logOf()
    await fill(30, 10)
    await checkpointer.flush()
    expect(await audit.prune({ before: NOW + 2000 })).toEqual({ auditId: 'aud_30', rows: 20 })
    expect(await audit.get('aud_3')).toEqual({
      auditId: 'aud_3',
      seq: 3,
      time: '2026-04-01T12:00:00.000Z',
      kind: 'decision',
      agent: 'agt_0',
      result: 'allowed',
      isPruned: true,
    })
    expect(await audit.verify()).toMatchObject({ isIntact: true, size: 31, pruned: 20, signedRows: 30 })
    const { body, personal, checkpoint } = await audit.prove('aud_3')
    expect([body, personal, typeof checkpoint]).toEqual([undefined, undefined, 'string'])
    expect(await audit.prune({ before: NOW + 2000 })).toEqual({ auditId: undefined, rows: 0 })
    expect((await audit.prune({ before: NOW + 3000 })).rows).toBe(10)
    expect((await audit.verify()).pruned).toBe(30)
  })
})
