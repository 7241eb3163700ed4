/** `kavach` on other runtimes: the same bytes as on Node 20, and a server that answers and ends when it is told to. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { APP, ask, folder, OTHERS, RUNTIMES, type Runtime, run } from './runtimes.ts'

const MAIN = 'node_modules/kavachos/dist/cli/main.js'
const ACME = resolve('policies/acme')
const REQUEST = '{"id":1,"agent":"researcher","action":"read","resource":"mcp:github:issues"}\n'

/** What the command says, in a folder whose path is left out of it. */
async function session(runtime: Runtime) {
  const at = folder()
  const said = async (args: readonly string[], input = '') => {
    const { status, out, errors } = await run(runtime, [MAIN, ...args], { input })
    // Paths are said from the folder of the application, so that its name alone is what they share.
    return [status, ...[out, errors].map((text) => text.replaceAll(basename(at), ''))]
  }
  const db = join(at, 'kavach.db')
  const answers = [
    await said(['--help']),
    await said(['--version']),
    await said(['check', ACME]),
    await said(['test', ACME]),
    await said(['prove', ACME]),
    await said(['compile', ACME, '-o', at]),
    await said(['eval', '--module', join(at, 'acme.wasm')], REQUEST),
    await said(['explain', ACME, REQUEST.trim()]),
    await said(['migrate', '--db', db]),
    await said(['audit', 'verify', '--db', db]),
    await said(['nonsense']),
    await said(['check', join(at, 'nowhere')]),
  ]
  return { answers, module: readFileSync(join(at, 'acme.wasm')).toString('hex') }
}

const [NODE_20] = RUNTIMES as [Runtime, ...Runtime[]] // The first.
let expected: ReturnType<typeof session> | undefined

test.each(OTHERS)('on $name the command says what it says on Node 20', async (runtime) => {
  expected ??= session(NODE_20)
  expect(await session(runtime)).toEqual(await expected)
})

describe.each(RUNTIMES)('kavach serve on $name', (runtime) => {
  test('decides over HTTP, and ends when it is told to', async () => {
    const db = join(folder(), 'kavach.db')
    const { token } = (await ask(runtime, 'create', db)) as { readonly token: string } // What `create` prints.
    const [program = '', ...before] = runtime.run
    const child = spawn(program, [...before, MAIN, 'serve', '--db', db, '--listen', '127.0.0.1:0'], {
      cwd: APP,
      env: {},
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [url] = await once(createInterface({ input: child.stdout }), 'line')
    const answer = await fetch(new URL('/v1/authorize', String(url)), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'read', resource: 'mcp:github:issues' }),
    })
    const { status } = answer
    expect({ status, body: await answer.json() }).toMatchObject({ status: 200, body: { allowed: true } })
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
