import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { identityOf, loadCompiled } from '../../cli/module-file.ts'
import { folderOf, kavach, start } from './command.ts'
import { machineIn } from './machine.ts'

// A machine that is busy takes its time to start processes.
vi.setConfig({ testTimeout: 120_000 })
/** Shorter than that, so that a failure says what was waited for. */
const LONGEST_WAIT_MS = 60_000

const policy = (resource: string) => `policy acme\n\nservice agent robot {\n  allow read on ${resource}\n}\n`
const BROKEN = 'policy acme\n\nservice agent robot {\n  allow red on\n}\n'
const REFUTED = `${policy('mcp:docs:**')}\nassert never robot can read on mcp:docs:*\n`

/** Prints the policy that it was given, and again when it is asked to end. */
const SERVER = `
const { KAVACH_POLICY } = process.env
process.on('SIGTERM', () => { console.log('ending'); process.exit(0) })
console.log('started', KAVACH_POLICY)
setInterval(() => {}, 1000)
`

interface Dev {
  readonly folder: string
  readonly child: ChildProcess
  /** Resolves when standard error (or output) holds the text, once more than it was waited for before. */
  readonly says: (text: string | RegExp) => Promise<void>
  readonly prints: (text: string | RegExp) => Promise<void>
  /** Exit code and signal. */
  readonly ended: Promise<number | null>
  readonly out: () => string
  readonly err: () => string
}

function dev(files: Readonly<Record<string, string>>, args: readonly string[]): Dev {
  const folder = folderOf(files)
  const child = start(folder, ['dev', ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve))
  const err = collect(child.stderr)
  const out = collect(child.stdout)
  return { folder, child, says: err.has, prints: out.has, ended, out: out.text, err: err.text }
}

function collect(stream: ChildProcess['stdout']) {
  let text = ''
  let seen = 0
  let look = () => {}
  stream?.on('data', (chunk: Buffer) => {
    text += chunk
    look()
  })
  return {
    text: () => text,
    has: (wanted: string | RegExp) =>
      new Promise<void>((resolve, reject) => {
        const tooLong = () => reject(new Error(`\`${wanted}\` was not said, but:\n${text.slice(seen)}`))
        const late = setTimeout(tooLong, LONGEST_WAIT_MS)
        look = () => {
          const rest = text.slice(seen)
          const at = rest.search(wanted)
          if (at < 0) return
          seen += at + 1
          look = () => {}
          clearTimeout(late)
          resolve()
        }
        look()
      }),
  }
}

function generationIn(folder: string): number {
  return Number(identityOf(loadCompiled(machineIn(folder).terminal, 'build/acme.img').image).generation)
}

describe('kavach dev', () => {
  test('compiles each policy that is saved with a higher generation, and leaves the last one when it is wrong', async () => {
    const { folder, child, says, ended } = dev({ 'policy/a.kavach': policy('mcp:docs:*') }, ['policy'])
    await says(/acme generation 1, digest [0-9a-f]{64}, in build\/acme.img\n/)
    expect(generationIn(folder)).toBe(1)

    writeFileSync(join(folder, 'policy/a.kavach'), policy('mcp:wiki:*'))
    await says('acme generation 2,')
    expect(generationIn(folder)).toBe(2)

    writeFileSync(join(folder, 'policy/a.kavach'), BROKEN)
    await says('policy: nothing written, 1 error')
    writeFileSync(join(folder, 'policy/a.kavach'), REFUTED)
    await says('policy: nothing written, 1 error')
    expect(generationIn(folder)).toBe(2)

    // As editors do that never write into the file that is there.
    writeFileSync(join(folder, 'policy/.a.kavach.swp'), policy('mcp:mail:*'))
    renameSync(join(folder, 'policy/.a.kavach.swp'), join(folder, 'policy/a.kavach'))
    await says('acme generation 3,')

    mkdirSync(join(folder, 'policy/more'))
    writeFileSync(join(folder, 'policy/more/b.kavach'), 'set office = cidr [10.0.0.0/8]\n')
    await says('more/b.kavach')

    rmSync(join(folder, 'policy'), { recursive: true })
    await says('there is no `policy`')
    mkdirSync(join(folder, 'policy'))
    writeFileSync(join(folder, 'policy/a.kavach'), policy('mcp:files:*'))
    await says('acme generation 4,')
    expect(readFileSync(join(folder, 'build/acme.d.ts'), 'utf8')).toContain('generation 4')

    child.kill('SIGINT')
    expect(await ended).toBe(130)
  })

  test('a policy that is the one that lies there already is written once', async () => {
    const { folder, says, child, ended } = dev({ 'policy/a.kavach': policy('mcp:docs:*') }, ['policy'])
    await says('acme generation 1,')
    writeFileSync(join(folder, 'policy/a.kavach'), `// The same.\n${policy('mcp:docs:*')}`)
    await says('acme generation 1,')
    child.kill('SIGTERM')
    expect(await ended).toBe(130)
  })

  test('a catalog that the policy names is followed, where ever it lies', async () => {
    const catalog = (tool: string) =>
      JSON.stringify({ tools: [{ name: tool, inputSchema: { type: 'object', properties: {} } }] })
    const text =
      'policy acme\n\ncatalog github from "../tools/github.tools.json"\n\nservice agent robot {\n  allow execute on mcp:github:list\n}\n'
    const { folder, says } = dev({ 'policy/a.kavach': text, 'tools/github.tools.json': catalog('list') }, ['policy'])
    await says('acme generation 1,')
    writeFileSync(join(folder, 'tools/github.tools.json'), catalog('ls'))
    await says(/KV\d+/)
  })
})

describe('kavach dev -- COMMAND', () => {
  const files = { 'policy/a.kavach': policy('mcp:docs:*'), 'server.mjs': SERVER }
  const args = ['policy', '-o', 'out', '--', process.execPath, 'server.mjs']

  test('starts it with the image, ends it before the next one, and ends it with Ctrl-C', async () => {
    const { folder, child, prints, says, ended, out } = dev(files, args)
    const image = join(folder, 'out/acme.img')
    await prints(`started ${image}\n`)
    writeFileSync(join(folder, 'policy/a.kavach'), BROKEN)
    await says('nothing written')
    writeFileSync(join(folder, 'policy/a.kavach'), policy('mcp:wiki:*'))
    await prints('ending\n')
    await prints('started')
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(out()).toBe(`started ${image}\nending\nstarted ${image}\nending\n`)
  })

  test('ends with it, with its exit code', async () => {
    const { ended } = dev({ ...files, 'server.mjs': 'process.exitCode = 7' }, args)
    expect(await ended).toBe(7)
    const killed = dev({ ...files, 'server.mjs': "process.kill(process.pid, 'SIGKILL')" }, args)
    expect(await killed.ended).toBe(137)
  })

  test('does not start it before there is a policy', async () => {
    const { folder, prints, says, out } = dev({ ...files, 'policy/a.kavach': BROKEN }, args)
    await says('nothing written')
    expect(out()).toBe('')
    writeFileSync(join(folder, 'policy/a.kavach'), policy('mcp:docs:*'))
    await prints('started')
  })

  test('a command that is none is said to be none', async () => {
    const folder = folderOf(files)
    expect(await kavach(folder, ['dev', 'policy', '--', './no-such-command'])).toEqual({
      code: 66,
      out: '',
      err: expect.stringMatching(
        /kavach: `.\/no-such-command` cannot be started: ENOENT\n {2}= help: check the command after --\n$/,
      ),
    })
  })
})

test('a folder that is not there is no policy to wait for', async () => {
  expect(await kavach(folderOf(), ['dev', 'polcy'])).toEqual({
    code: 66,
    out: '',
    err: 'kavach: there is no `polcy`\n  = help: check the path; it is taken from the current folder\n',
  })
})
