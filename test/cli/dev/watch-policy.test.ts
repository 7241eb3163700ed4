import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type PolicyFindings, watchPolicy } from '../../../cli/dev/index.ts'
import { createKavach } from '../../../index.ts'
import { folderOf } from '../command.ts'

const policy = (resource: string) => `policy acme\n\nservice agent robot {\n  allow read on ${resource}\n}\n`
const BROKEN = 'policy acme\n\nservice agent robot {\n  allow read on\n}\n'
const REFUTED = `${policy('mcp:docs:**')}\nassert never robot can read on mcp:docs:*\n`
const READ = { action: 'read', resource: 'mcp:docs:home' }

async function watching(text: string) {
  const folder = folderOf({ 'a.kavach': text })
  const kavach = await createKavach({ database: { provider: 'memory' }, warn: () => undefined })
  onTestFinished(() => kavach.close())
  const reloads = queueOf<{ readonly generation: number }>()
  const findings = queueOf<PolicyFindings>()
  const watch = await watchPolicy(kavach, folder, { onReload: reloads.add, onFindings: findings.add })
  onTestFinished(() => watch.close())
  const save = (next: string, name = 'a.kavach') => writeFileSync(join(folder, name), next)
  return {
    folder,
    kavach,
    watch,
    reloads,
    findings,
    save,
    reason: async () => (await kavach.authorize('robot', READ)).reason,
  }
}

/** What was told, one after the other. */
function queueOf<T>() {
  const told: T[] = []
  let tell = () => {}
  return {
    told,
    add(one: T): void {
      told.push(one)
      tell()
    },
    async next(): Promise<T> {
      while (told.length === 0) {
        await new Promise<void>((resolve) => {
          tell = resolve
        })
      }
      // It is not empty.
      return told.shift() as T
    },
  }
}

describe('watchPolicy', () => {
  test('enforces the text as it is, and then every edit, though none says a generation', async () => {
    const { reloads, save, reason, kavach } = await watching(policy('mcp:docs:*'))
    expect(await reloads.next()).toEqual({
      name: 'acme',
      generation: 1,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(await reason()).toBe('allowed')
    save(policy('mcp:wiki:*'))
    expect(await reloads.next()).toMatchObject({ generation: 2 })
    expect(await reason()).toBe('no-grant')
    save(policy('mcp:docs:*'))
    expect(await reloads.next()).toMatchObject({ generation: 3 })
    expect(await reason()).toBe('allowed')
    const loads = await kavach.audit.query({ kind: 'policy.load' })
    expect(loads.map(({ actor }) => actor)).toEqual(['kavachos/dev', 'kavachos/dev', 'kavachos/dev'])
  })

  test('leaves the old policy enforced when the new one has errors, or claims what does not hold', async () => {
    const { reloads, findings, save, reason } = await watching(policy('mcp:docs:*'))
    await reloads.next()
    save(BROKEN)
    const broken = await findings.next()
    expect(broken).toMatchObject({ isRefused: true, text: expect.stringContaining('a.kavach:4') })
    expect(await reason()).toBe('allowed')
    save(REFUTED)
    const refuted = await findings.next()
    expect(refuted.isRefused).toBe(true)
    expect(refuted.findings.map(({ code }) => code)).toEqual(['KV4110'])
    expect([await reason(), reloads.told]).toEqual(['allowed', []])
  })

  test('a policy with errors at the start is waited for, one that is not there is not', async () => {
    const { kavach, reloads, findings, save, reason } = await watching(BROKEN)
    expect((await findings.next()).isRefused).toBe(true)
    expect(await reason()).toBe('agent-unknown')
    save(policy('mcp:docs:*'))
    await reloads.next()
    expect(await reason()).toBe('allowed')
    await expect(watchPolicy(kavach, join(folderOf(), 'polcy'))).rejects.toMatchObject({ code: 'KVCH_E_POLICY_SOURCE' })
    await expect(watchPolicy(kavach, folderOf())).rejects.toMatchObject({ code: 'KVCH_E_POLICY_SOURCE' })
  })

  test('a file that is new, and a folder that is new, belong to the policy', async () => {
    const { folder, reloads, save, kavach } = await watching(policy('mcp:wiki:*'))
    await reloads.next()
    mkdirSync(join(folder, 'more'))
    save('service agent other {\n  allow read on mcp:docs:*\n}\n', 'more/b.kavach')
    await reloads.next()
    expect((await kavach.authorize('other', READ)).reason).toBe('allowed')
  })

  test('nothing is reloaded for an edit that changes no decision, nor for what is enforced already', async () => {
    const { folder, kavach, reloads, save, watch } = await watching(policy('mcp:docs:*'))
    await reloads.next()
    save(`// A comment.\n${policy('mcp:docs:*')}`)
    const other = queueOf<unknown>()
    const second = await watchPolicy(kavach, pathToFileURL(join(folder, 'a.kavach')), { onReload: other.add })
    await second.close()
    await watch.close()
    expect([reloads.told, other.told]).toEqual([[], []])
  })

  test('ends when its signal is aborted, or it is closed: later edits are nobody’s', async () => {
    const folder = folderOf({ 'a.kavach': policy('mcp:docs:*') })
    const kavach = await createKavach({ database: { provider: 'memory' }, warn: () => undefined })
    onTestFinished(() => kavach.close())
    const ending = new AbortController()
    const watch = await watchPolicy(kavach, folder, { signal: ending.signal })
    ending.abort()
    await watch.close()
    writeFileSync(join(folder, 'a.kavach'), policy('mcp:wiki:*'))
    expect((await kavach.policy.current()).generation).toBe(1)
  })

  test('goes by what another process enforced meanwhile', async () => {
    const { kavach, reloads, save } = await watching(policy('mcp:docs:*'))
    await reloads.next()
    const folder = folderOf({ 'a.kavach': policy('mcp:mail:*') })
    const other = await watchPolicy(kavach, folder)
    await other.close()
    expect(await kavach.policy.current()).toMatchObject({ generation: 2 })
    save(policy('mcp:files:*'))
    expect(await reloads.next()).toMatchObject({ generation: 3 })
  })
})
