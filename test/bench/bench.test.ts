/** `npm run bench` measures contenders that answer rightly, writes what it measured, and prints what there is when it is stopped. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'kavach-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function bench(...args: readonly string[]) {
  return spawnSync(process.execPath, ['bench/main.mjs', ...args], { encoding: 'utf8' })
}

const SUITES = 'decide, batch, scale, swap, compile, prove, diff, authorize, http, storage, size'.split(', ')

test('--help says what every suite measures', () => {
  const { status, stdout } = bench('--help')
  expect(status).toBe(0)
  expect(SUITES.filter((suite) => !stdout.includes(`npm run bench -- ${suite}`))).toEqual([])
})

test.each([
  ['a suite', ['decode'], 'there is no suite decode: '],
  ['an option', ['decide', '--round', '1'], "Unknown option '--round'"],
  ['a workload', ['decide', '--workloads', 'W9'], 'there is no W9: '],
  ['a contender', ['decide', '--contenders', 'OPA'], 'there is no OPA: '],
])('%s that is not there is refused', (_, args, message) => {
  const { status, stderr } = bench(...args)
  expect(status).toBe(64)
  expect(stderr).toContain(message)
})

describe('decide', () => {
  // Cedar takes seconds; the properties hold it to its answers.
  const contenders = ['kavachos', 'by hand', 'one Map.get', 'CASL', 'casbin', 'casbin cached']
  const decide = (workload: string, json: string) => [
    'decide',
    '--workloads',
    workload,
    '--rounds',
    '1',
    '--ms',
    '1',
    '--contenders',
    contenders.join(),
    '--json',
    json,
  ]

  test.each(['W1g', 'W4', 'W5d5'])(
    'has every contender answer %s rightly, and writes what it measured',
    (workload) => {
      const json = join(folder, `${workload}.json`)
      const { status, stdout, stderr } = bench(...decide(workload, json))
      expect([status, status === 0 ? '' : stderr]).toEqual([0, ''])
      const { suite, rows, versions } = JSON.parse(readFileSync(json, 'utf8'))
      expect(suite).toBe('decide')
      expect(Object.keys(versions)).toEqual(['kavachos', '@casl/ability', 'casbin'])
      const cannot = workload === 'W4' ? ['one Map.get'] : []
      const measured = rows.filter((row: { medianNs?: number }) => row.medianNs !== undefined)
      expect(measured.map((row: { contender: string }) => row.contender)).toEqual(
        contenders.filter((name) => !cannot.includes(name)),
      )
      for (const name of cannot) expect(stdout).toMatch(new RegExp(`^${workload} ${name} +cannot: `, 'm'))
    },
    120_000,
  )

  test('prints what there is when it is stopped, and writes nothing', async () => {
    const json = join(folder, 'stopped.json')
    const child = spawn(process.execPath, ['bench/main.mjs', ...decide('W1g,W2g', json)])
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      const wasThere = stderr.includes('W2g (2 of 2)')
      stderr += chunk
      if (!wasThere && stderr.includes('W2g (2 of 2)')) child.kill('SIGINT')
    })
    const status = await new Promise((resolve) => child.once('close', resolve))
    expect([status, status === 130 ? '' : stderr]).toEqual([130, ''])
    expect(stdout).toMatch(/^W1g kavachos +\d/m)
    expect(stdout).toContain('Stopped early: this is what was measured until then.')
    expect(existsSync(json)).toBe(false)
  }, 120_000)
})
