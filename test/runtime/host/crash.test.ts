/** I1 and I4: whatever a process had acknowledged when it was killed is in the log, and the log verifies. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { createKavach } from 'kavachos'
import { expect, test } from 'vitest'
import { Random } from '../../properties/generate/random.ts'

const ROUNDS = Number(process.env.KAVACH_CRASH_ROUNDS ?? 10)
const SEED = Number(process.env.KAVACH_CRASH_SEED ?? 20_261_125)
const CHILD = fileURLToPath(new URL('crash-child.mjs', import.meta.url))

test(`no acknowledged row is lost in ${ROUNDS} kills, the log verifies, and what is used is what was allowed`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-crash-'))
  const file = join(folder, 'kavach.db')
  const random = new Random(SEED)
  try {
    const agentId = await createAgent(file)
    let acknowledged = 0
    for (let round = 0; round < ROUNDS; round++) {
      const ids = await runAndKill(file, agentId, 20 + random.below(280))
      acknowledged += ids.length
      await expectWhole(file, agentId, ids)
    }
    expect(acknowledged).toBeGreaterThan(ROUNDS)
    if (ROUNDS > 10) console.log(`${ROUNDS} kills, seed ${SEED}: ${acknowledged} acknowledged rows, none lost`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 0)

async function createAgent(file: string): Promise<string> {
  const kavach = await createKavach({ database: { provider: 'sqlite', url: file } })
  const { id } = await kavach.agents.create({
    userId: 'user-1',
    name: 'worker',
    type: 'autonomous',
    permissions: [
      {
        resource: 'mcp:github:*',
        actions: ['read'],
        constraints: { maxCallsPerDay: 1_000_000_000, budgetUsdPerMonth: 1_000_000 },
      },
    ],
  })
  await kavach.close()
  return id
}

/** The audit ids that the process had said were allowed when it was killed. */
async function runAndKill(file: string, agentId: string, ms: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [CHILD, file, agentId], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ids: string[] = []
  const lines = createInterface({ input: child.stdout })
  const isReady = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line === 'ready') resolve()
      else ids.push(line)
    })
  })
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')])
  await isReady
  await sleep(ms)
  child.kill('SIGKILL')
  await ended
  // The last line may be cut off in the middle of a write.
  return ids.filter((id) => /^aud_\d+$/.test(id))
}

async function expectWhole(file: string, agentId: string, ids: readonly string[]): Promise<void> {
  const kavach = await createKavach({ database: { provider: 'sqlite', url: file } })
  try {
    expect(await kavach.audit.verify()).toMatchObject({ isIntact: true })
  } finally {
    await kavach.close()
  }
  const db = new Database(file, { readonly: true })
  try {
    const rows = db
      .prepare("select seq from kavach_audit where kind = 'decision' and result = 'allowed' and agent = ?")
      .all(agentId)
    // The columns are those that the statement names.
    const allowed = new Set((rows as { readonly seq: number }[]).map(({ seq }) => `aud_${seq}`))
    expect(ids.filter((id) => !allowed.has(id))).toEqual([])
    const used = db.prepare('select coalesce(sum(used), 0) from kavach_meters where key like ?').pluck()
    expect({ calls: used.get('%/day/%'), nanoUsd: used.get('%/month/%') }).toEqual({
      calls: allowed.size,
      nanoUsd: allowed.size * 1_000_000,
    })
  } finally {
    db.close()
  }
}
