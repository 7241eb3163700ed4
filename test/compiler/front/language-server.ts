/** What an editor offers at a place in a program: TypeScript's own language server, asked over its pipes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Where the program is asked about. */
const CURSOR = '‸'

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly items?: readonly unknown[] }
  readonly result?: { readonly items?: readonly { readonly label: string }[] }
}

/** The labels that are offered at each `‸` of `program`, a file of `folder` without them. */
export async function completionsOf(folder: string, program: string): Promise<readonly (readonly string[])[]> {
  const file = join(folder, program)
  const [first = '', ...rest] = readFileSync(file, 'utf8').split(CURSOR)
  const server = startServer()
  try {
    const root = pathToFileURL(folder).href
    const uri = pathToFileURL(file).href
    await server.ask('initialize', {
      processId: process.pid,
      rootUri: root,
      capabilities: {},
      workspaceFolders: [{ uri: root, name: 'project' }],
    })
    server.tell('initialized', {})
    const text = [first, ...rest].join('')
    server.tell('textDocument/didOpen', { textDocument: { uri, languageId: 'typescript', version: 1, text } })
    const found: (readonly string[])[] = []
    let before = first
    for (const part of rest) {
      const lines = before.split('\n')
      const position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 }
      const { result } = await server.ask('textDocument/completion', { textDocument: { uri }, position })
      found.push((result?.items ?? []).map(({ label }) => label))
      before += part
    }
    return found
  } finally {
    server.process.kill()
  }
}

interface Server {
  readonly process: ChildProcess
  ask(method: string, params: object): Promise<Message>
  tell(method: string, params: object): void
}

function startServer(): Server {
  const tsc = resolve('node_modules/typescript/bin/tsc')
  const child = spawn(process.execPath, [tsc, '--lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const waiting = new Map<number, (message: Message) => void>()
  let received = Buffer.alloc(0)
  let asked = 0

  function send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }

  /** It asks for settings and the like as well: there are none. */
  function take(message: Message): void {
    if (message.method === undefined) waiting.get(message.id ?? 0)?.(message)
    else if (message.id !== undefined) {
      send({ id: message.id, result: message.params?.items?.map(() => null) ?? null })
    }
  }

  child.stdout.on('data', (data: Buffer) => {
    received = Buffer.concat([received, data])
    for (;;) {
      const head = received.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/i.exec(received.subarray(0, Math.max(0, head)).toString())?.[1])
      if (head < 0 || received.length < head + 4 + length) return
      const message: Message = JSON.parse(received.subarray(head + 4, head + 4 + length).toString())
      received = received.subarray(head + 4 + length)
      take(message)
    }
  })
  return {
    process: child,
    ask(method, params) {
      return new Promise((found) => {
        const id = ++asked
        waiting.set(id, found)
        send({ id, method, params })
      })
    },
    tell: (method, params) => send({ method, params }),
  }
}
