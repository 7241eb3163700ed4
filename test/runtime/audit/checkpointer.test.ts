import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../../storage/memory.ts'
import { hostAt, NOW } from '../site.ts'
import { KEY, keepingSink, logOf } from './log.ts'

const size = (note: string) => Number(note.split('\n')[1])

describe('a checkpoint', () => {
  test('is a note that its key has signed', async () => {
    const sink = keepingSink()
    const { fill, checkpointer, audit } = logOf({ sinks: [sink] })
    await fill(3)
    await checkpointer.flush()
    const [note = ''] = sink.notes
    const [text = '', line = ''] = note.split('\n\n')
    const { root } = await audit.verify()
    expect(text).toBe(`example.com/log/default\n3\n${Buffer.from(root, 'hex').toString('base64')}`)
    const [, name = '', blob = ''] = /^— (\S+) (\S+)\n$/.exec(line) ?? []
    const signature = Buffer.from(blob, 'base64')
    expect(name).toBe('example.com/log/default')
    expect(verify(null, Buffer.from(`${text}\n`), createPublicKey(KEY), signature.subarray(4))).toBe(true)
    const key = (await checkpointer.verifierKey()) ?? ''
    expect(key.split('+')[1]).toBe(signature.subarray(0, 4).toString('hex'))
  })

  test('is made after 1,000 rows, and after a minute when there are any', async () => {
    const sink = keepingSink()
    const { fill, host, checkpointer } = logOf({ sinks: [sink] })
    const tick = async () => {
      await checkpointer.tick()
      return sink.notes.map(size)
    }
    await fill(999, 999)
    expect(await tick()).toEqual([])
    await fill(1)
    expect(await tick()).toEqual([1000])
    await host.advance(70_000)
    expect(await tick()).toEqual([1000])
    await fill(5)
    expect(await tick()).toEqual([1000, 1005])
    await fill(5)
    expect(await tick()).toEqual([1000, 1005])
    await checkpointer.flush()
    expect(sink.notes.map(size)).toEqual([1000, 1005, 1010])
  })

  test('is kept beside the log, and goes on after a restart', async () => {
    const store = createMemoryStore()
    const sink = keepingSink()
    const first = logOf({ store, sinks: [sink] })
    await first.fill(10)
    await first.checkpointer.flush()
    const second = logOf({ store, host: hostAt(NOW + 100_000), sinks: [sink] })
    await second.fill(10)
    await second.checkpointer.flush()
    expect(sink.notes.map(size)).toEqual([10, 20])
    expect(await second.audit.verify()).toMatchObject({ isIntact: true, checkpoints: 2, signedRows: 20 })
  })

  test('is made of what several processes wrote in turn', async () => {
    const store = createMemoryStore()
    const sink = keepingSink()
    const first = logOf({ store, sinks: [sink] })
    const second = logOf({ store, host: hostAt(NOW + 100_000), from: 5 })
    await first.fill(5)
    await first.checkpointer.flush()
    await second.fill(5)
    await first.fill(5)
    await first.checkpointer.flush()
    await first.fill(5)
    await first.checkpointer.flush()
    expect(sink.notes.map(size)).toEqual([5, 15, 20])
    expect(await first.audit.verify()).toMatchObject({ isIntact: true, checkpoints: 3, signedRows: 20 })
  })

  test('is offered again to a sink that failed', async () => {
    const kept: number[] = []
    let isDown = true
    const sink = {
      name: 'flaky',
      async write({ size: rows }: { readonly size: number }) {
        if (isDown) throw new Error('no route')
        kept.push(rows)
      },
    }
    const { fill, host, checkpointer, site } = logOf({ sinks: [sink] })
    await fill(10)
    await checkpointer.flush()
    expect(site.warnings).toEqual(['the checkpoint of 10 rows could not be given to flaky: no route'])
    isDown = false
    await host.advance(1000)
    await checkpointer.tick()
    expect(kept).toEqual([10])
  })

  test('without a key is a warning, once', async () => {
    const { fill, host, checkpointer, site, audit } = logOf({ key: undefined })
    await fill(5)
    await checkpointer.flush()
    await host.advance(1000)
    await checkpointer.tick()
    expect(site.warnings).toEqual(['checkpoints are not signed: set `audit.checkpoints.key`'])
    expect(await audit.verify()).toMatchObject({ isIntact: true, areSignaturesChecked: false, checkpoints: 0 })
  })

  test.each([
    ['while the host runs', false],
    ['after a restart', true],
  ])('is refused for a log that does not begin with what was signed, %s', async (_, isRestarted) => {
    const store = createMemoryStore()
    const first = logOf({ store })
    await first.fill(10)
    await first.checkpointer.flush()
    // Rows and head of another history of the same length, and longer.
    const other = logOf()
    await other.host.advance(5000)
    await other.fill(20)
    const { rows, head } = await other.site.read(async (reader) => ({
      rows: await reader.find('audit', 'key'),
      head: await reader.find('heads', 'key'),
    }))
    await store.transaction('default', async (tx) => {
      await tx.put('audit', rows)
      await tx.put('heads', head)
      await tx.remove('settings', { name: 'audit.frontier' })
    })
    const log = isRestarted ? logOf({ store, host: hostAt(NOW + 100_000) }) : first
    await log.checkpointer.flush()
    expect(log.site.warnings).toEqual([
      'no checkpoint was made: the log does not begin with the 10 rows that were signed; verify it with `kavach audit verify`',
    ])
    const kept = await log.site.read((reader) => reader.find('checkpoints', 'key'))
    expect(kept.map(({ size: rowsSigned }) => rowsSigned)).toEqual([10])
  })

  test('a key that is no key is an error of the configuration', async () => {
    const { checkpointer, site, fill } = logOf({ key: 'secret' })
    await fill(1)
    await checkpointer.flush()
    expect(site.warnings).toEqual(['no checkpoint was made: audit.checkpoints.key: it is no private key in PEM'])
    await expect(checkpointer.verifierKey()).rejects.toMatchObject({ code: 'KVCH_E_CONFIG_INVALID' })
  })
})
