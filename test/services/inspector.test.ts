/** The inspector of MCP, which nobody here wrote, from the first 401 to the answer of a tool. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Deployment, deploy } from '../runtime/mcp/deployment.ts'
import { freePort } from './free-port.ts'

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Inspector {
  /** `mcp-inspector --cli ...`. When it wants somebody to sign in, ann does, and agrees. */
  readonly run: (args: readonly string[]) => Promise<Ended>
  /** How often somebody was asked. */
  readonly asked: () => number
}

async function openInspector(server: Deployment, url: string): Promise<Inspector> {
  const node = process.env.NODE_22 ?? expect.fail('NODE_22 names no Node: run `npm run test:services`')
  const folder = process.env.MCP_INSPECTOR ?? expect.fail('MCP_INSPECTOR names no folder: run `npm run test:services`')
  const program = join(folder, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')
  const home = mkdtempSync(join(tmpdir(), 'kavachos-inspector-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`
  const ann = server.visit('ann')
  let asked = 0

  async function run(args: readonly string[]): Promise<Ended> {
    const all = [program, '--cli', url, '--transport', 'http', '--callback-url', callback, '--format', 'json', ...args]
    // It starts itself once more, by the name `node`; it finds no browser, and prints where somebody would sign in.
    const env = { ...process.env, HOME: home, PATH: dirname(node), MCP_AUTO_OPEN_ENABLED: 'true', NO_COLOR: '1' }
    const child = spawn(node, all, { stdio: ['ignore', 'pipe', 'pipe'], env })
    const output = { out: '', err: '' }
    const seen = new Set<string>()
    const look = (name: 'out' | 'err') => (part: string) => {
      output[name] += part
      const [found] = /http:\/\/[^\s"]+\/oauth\/authorize\?[^\s"]+(?=[\s"])/.exec(output.out + output.err) ?? []
      if (found === undefined || seen.has(found)) return
      seen.add(found)
      asked++
      void ann.answer(found).then((led) => fetch(led))
    }
    child.stdout.setEncoding('utf8').on('data', look('out'))
    child.stderr.setEncoding('utf8').on('data', look('err'))
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, ...output }))
    })
  }

  return { run, asked: () => asked }
}

test('it discovers, registers, leads somebody to sign in, lists what may be used, and calls it', async () => {
  const server = await deploy()
  const { run, asked } = await openInspector(server, server.tools)
  const listed = await run(['--method', 'tools/list'])
  expect({ code: listed.code, names: namesIn(listed), asked: asked() }).toEqual({
    code: 0,
    names: ['whoami', 'add'],
    asked: 1,
  })
  const added = await run(['--method', 'tools/call', '--tool-name', 'add', '--tool-arg', 'a=1', 'b=2'])
  expect({ code: added.code, isAdded: added.out.includes('"3"'), calls: server.calls }).toEqual({
    code: 0,
    isAdded: true,
    calls: ['add'],
  })
}, 90_000)

test('without anybody who signs in it gets nothing', async () => {
  const server = await deploy()
  const { run } = await openInspector(server, server.tools)
  const { code, out } = await run(['--method', 'tools/list', '--stored-auth-only'])
  expect({ isFine: code === 0, isListed: out.includes('whoami'), calls: server.calls }).toEqual({
    isFine: false,
    isListed: false,
    calls: [],
  })
}, 180_000)

function namesIn({ out }: Ended): readonly string[] {
  return [...out.matchAll(/"name":\s*"(whoami|add|wipe)"/g)].map(([, name = '']) => name)
}
