/** The examples on other runtimes: what they print is what they print on Node 20, and the MCP servers answer their clients. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { signIn } from '../../fixtures/sign-in.ts'
import { APP, OTHERS, RUNTIMES, type Runtime, run } from './runtimes.ts'

cpSync('examples', join(APP, 'examples'), { recursive: true })

const [NODE_20] = RUNTIMES as [Runtime, ...Runtime[]] // The first.

/** What an example prints, without ids, times and the ways in which runtimes show objects. */
async function printed(runtime: Runtime, name: string): Promise<unknown> {
  const { status, out, errors } = await run(runtime, [`examples/${name}/main.mjs`])
  const said = errors.replace(/^kavachos: checkpoints are .*\n/gm, '')
  const plain = out
    .replace(/agt_\w+/g, 'agt_...')
    .replace(/\d+ seconds/g, '... seconds')
    .replaceAll('"', "'")
  return { status, said, out: plain.replace(/,?\s*([\][{}])\s*/g, '$1').replace(/\s+/g, ' ') }
}

/** What they print on Node 20. */
const EXPECTED = new Map<string, Promise<unknown>>()

describe.each(OTHERS)('on $name', (runtime) => {
  test.each(['full-example', 'guarded-tools', 'policy-app'])('%s prints the same', async (name) => {
    const known = EXPECTED.get(name) ?? printed(NODE_20, name)
    EXPECTED.set(name, known)
    expect(await printed(runtime, name)).toEqual(await known)
  })

  test('a client of MCP signs in, is told what it may use, and uses it', async () => {
    // One for each: a connection that is kept open to the server before would be taken for one to this.
    // Below those that the system gives to whoever asks for any.
    const port = 10_000 + 3 * ((process.pid * OTHERS.length + OTHERS.indexOf(runtime)) % 4000)
    const password = 'a password for tests'
    const [program = '', ...before] = runtime.run
    const example = spawn(
      program,
      [...before, 'examples/mcp/main.mjs', '--port', `${port}`, '--password', password, '--no-rate-limit'],
      { cwd: APP, env: { PATH: process.env.PATH ?? '' }, stdio: ['ignore', 'pipe', 'ignore'] },
    )
    onTestFinished(() => void example.kill('SIGKILL'))
    for await (const line of createInterface(example.stdout)) if (line.startsWith('Ctrl-C')) break
    for (const url of [`http://127.0.0.1:${port + 1}/mcp`, `http://127.0.0.1:${port + 2}/mcp`]) {
      const { status, headers } = await fetch(url, { method: 'POST', body: '{}' })
      expect([status, headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('resource_metadata=')])
      const { accessToken } = await signIn({ resource: url, user: 'alice', password })
      const client = new Client({ name: 'test', version: '1' })
      const requestInit = { headers: { authorization: `Bearer ${accessToken}` } }
      await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }) as Transport)
      const { tools } = await client.listTools()
      expect(tools.map(({ name }) => name)).toContain('whoami')
      const { isError = false } = await client.callTool({ name: 'whoami', arguments: {} })
      expect(isError).toBe(false)
      await client.close()
    }
    example.kill('SIGTERM')
    expect(await once(example, 'exit')).toEqual([0, null])
  })
})
