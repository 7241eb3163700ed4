import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { importMcpCommand } from '../../cli/import-mcp.ts'

const SERVER = 'test/fixtures/mcp/server.mjs'

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = 0
})

/** Runs `kavach import mcp ARGS` in this process; standard output and error are caught. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = []
  const err: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0)
  const command = importMcpCommand()
    .exitOverride()
    .configureOutput({ writeErr: (text) => err.push(text) })
  try {
    await command.parseAsync(args, { from: 'user' })
  } finally {
    vi.restoreAllMocks()
  }
  return { code: Number(process.exitCode ?? 0), out: out.join(''), err: err.join('') }
}

const note = { type: 'string' }
function catalog(actions: readonly [string, string, string], server = 'notes'): string {
  const tools = [
    {
      name: 'drop_notes',
      inputSchema: { properties: {}, type: 'object' },
      annotations: { destructiveHint: true },
      'x-kavach': { action: actions[0], resource: `mcp:${server}:drop_notes` },
    },
    {
      name: 'read_note',
      inputSchema: { properties: {}, type: 'object' },
      annotations: { readOnlyHint: true },
      'x-kavach': { action: actions[1], resource: `mcp:${server}:read_note` },
    },
    {
      name: 'write_note',
      description: 'Writes a note.',
      inputSchema: { properties: { body: note, title: note }, required: ['title', 'body'], type: 'object' },
      annotations: { destructiveHint: false, readOnlyHint: false },
      'x-kavach': { action: actions[2], resource: `mcp:${server}:write_note` },
    },
  ]
  return `${JSON.stringify({ server, tools }, null, 2)}\n`
}

describe('import mcp over stdio', () => {
  test('lists all pages of a real server, sorted, each tool as execute', async () => {
    const expected = { code: 0, out: catalog(['execute', 'execute', 'execute']), err: '' }
    expect(await run('--', 'node', SERVER)).toEqual(expected)
  })

  test('with --map hints the server says what reads and what deletes', async () => {
    const answer = await run('--map', 'hints', '--name', 'my-notes', '--', 'node', SERVER)
    expect(answer).toEqual({ code: 0, out: catalog(['delete', 'read', 'write'], 'my-notes'), err: '' })
  })

  test('--out writes the same text to a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kavach-import-'))
    const file = join(folder, 'notes.tools.json')
    expect(await run('--out', file, '--', 'node', SERVER)).toEqual({ code: 0, out: '', err: `wrote ${file}\n` })
    expect(await readFile(file, 'utf8')).toBe(catalog(['execute', 'execute', 'execute']))
    await rm(folder, { recursive: true })
  })

  test('names that cannot be segments are refused, all of them at once', async () => {
    const long = 'x'.repeat(80)
    expect(await run('--', 'node', SERVER, '--odd-names')).toEqual({
      code: 1,
      out: '',
      err: [
        'kavach: the server calls itself `notes: all`, which is no name for a catalog',
        '  = help: give it one with --name, such as --name notes-all',
        'kavach: tool `a:b` cannot be a segment of a resource: it holds `:`, which separates segments',
        '  = help: ask the author of the server to rename the tool; a policy could not name it without ambiguity',
        'kavach: tool `all*` cannot be a segment of a resource: it holds `*`, which is a wildcard',
        '  = help: ask the author of the server to rename the tool; a policy could not name it without ambiguity',
        'kavach: the server lists tool `ok` twice',
        '  = help: a policy cannot tell the two apart; ask the author of the server to rename one',
        `kavach: tool \`${long}...\` cannot be a segment of a resource: it is longer than 128 bytes`,
        '  = help: ask the author of the server to rename the tool; a policy could not name it without ambiguity',
        '',
      ].join('\n'),
    })
  })

  test('a crash shows what the server wrote to standard error', async () => {
    const { code, out, err } = await run('--', 'node', SERVER, '--crash')
    expect({ code, out }).toEqual({ code: 66, out: '' })
    expect(err).toContain(`kavach: could not read the tools of \`node ${SERVER} --crash\`: `)
    expect(err).toContain('  the server wrote to standard error:\n    notes: no database at this address\n')
  })

  test('a server that does not answer is given up after the timeout, and ended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kavach-import-'))
    const { code, err } = await run('--timeout', '0.5', '--', 'node', SERVER, '--silent', join(folder, 'pid'))
    expect(code).toBe(66)
    expect(err).toContain('Request timed out')
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 5000)
    await rm(folder, { recursive: true })
  })

  test('a server that pages in circles is given up', async () => {
    const { code, err } = await run('--', 'node', SERVER, '--same-cursor')
    expect(code).toBe(66)
    expect(err).toContain('tools/list gave the cursor `second` twice')
  })

  test('a command that does not exist is a clear error', async () => {
    const { code, err } = await run('--', 'kavach-no-such-command')
    expect(code).toBe(66)
    expect(err).toBe(
      'kavach: could not read the tools of `kavach-no-such-command`: spawn kavach-no-such-command ENOENT\n',
    )
  })

  test('Ctrl-C ends the server and exits 130', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kavach-import-'))
    const running = run('--', 'node', SERVER, '--silent', join(folder, 'pid'))
    const pid = await vi.waitFor(async () => {
      const written = Number(await readFile(join(folder, 'pid'), 'utf8'))
      expect(written).toBeGreaterThan(0)
      return written
    }, 5000)
    process.emit('SIGINT', 'SIGINT')
    expect(await running).toEqual({ code: 130, out: '', err: 'kavach: interrupted\n' })
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 5000)
    await rm(folder, { recursive: true })
  })
})

describe('import mcp over HTTP', () => {
  test('lists all pages, with the headers that were given', async () => {
    const { url, end } = await serveHttp()
    const answer = await run('--url', url, '--header', 'x-key: open sesame')
    expect(answer).toEqual({ code: 0, out: catalog(['execute', 'execute', 'execute']), err: '' })
    await end()
  })

  test('a refusal names the address and the status', async () => {
    const { url, end } = await serveHttp()
    const { code, err } = await run('--url', url)
    expect(code).toBe(66)
    expect(err).toContain(`kavach: could not read the tools of \`${url}\`: `)
    expect(err).toContain('who are you?')
    await end()
  })

  test('nobody listening is a clear error', async () => {
    const { code, err } = await run('--url', 'http://127.0.0.1:9/mcp')
    expect(code).toBe(66)
    expect(err).toContain('kavach: could not read the tools of `http://127.0.0.1:9/mcp`: ')
  })
})

describe('import mcp used wrongly', () => {
  test.each([
    [[], 'name the server: `kavach import mcp -- COMMAND ARGS...` or `--url URL`'],
    [['--url', 'http://a/', '--', 'node'], 'give a command or --url, not both'],
    [['--url', 'ftp://a/'], '--url wants an http or https address, not `ftp://a/`'],
    [['--timeout', 'soon', '--', 'node'], '--timeout wants seconds between 0 and 3600, not `soon`'],
    [['--header', 'nothing', '--', 'node'], '--header wants `NAME: VALUE`, not `nothing`'],
  ])('%j is refused', async (args, message) => {
    expect(await run(...args)).toEqual({ code: 64, out: '', err: `kavach: ${message}\n` })
  })
})

async function serveHttp(): Promise<{ url: string; end: () => Promise<void> }> {
  const child = spawn('node', [SERVER, '--http'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  return {
    url: `http://127.0.0.1:${String(line).trim()}/mcp`,
    end: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
