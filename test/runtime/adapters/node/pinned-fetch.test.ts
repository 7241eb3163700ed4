import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPinnedFetch, type ResolveName } from '../../../../runtime/adapters/node/index.ts'
import type { PinnedFetchOptions } from '../../../../runtime/mcp/index.ts'
import { selfSigned } from '../../../fixtures/self-signed.ts'

const TLS = selfSigned()
const BOUNDS: PinnedFetchOptions = { maxBytes: 100, timeoutMs: 5000, allowLoopback: true }
const toLoopback: ResolveName = async () => ['127.0.0.1']

interface Running {
  readonly port: number
  readonly seen: readonly { readonly request: IncomingMessage; readonly servername: string | undefined }[]
}

/** An https server on loopback, closed when the test ends. */
async function serve(answer: RequestListener): Promise<Running> {
  const seen: Running['seen'][number][] = []
  const names: string[] = []
  const server = createServer(
    {
      ...TLS,
      SNICallback(name, done) {
        names.push(name)
        done(null)
      },
    },
    (request, response) => {
      seen.push({ request, servername: names.at(-1) })
      answer(request, response)
    },
  )
  return { port: await listen(server), seen }
}

/** Speaks HTTP by hand. */
async function serveBytes(text: string, then?: () => string): Promise<number> {
  const server = createTlsServer(TLS, (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(text)
      if (then === undefined) return void socket.end()
      const more = () => {
        while (!socket.destroyed && socket.write(then()));
      }
      socket.on('drain', more)
      more()
    })
  })
  return listen(server)
}

async function listen(server: ReturnType<typeof createTlsServer>): Promise<number> {
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  // It listens on a port.
  return (server.address() as AddressInfo).port
}

const failure = (message: string) => ({ name: 'KavachError', code: 'KVCH_E_MCP_METADATA_FETCH_FAILED', message })

describe('an answer', () => {
  test('comes with status, headers and bytes, from the host that was named', async () => {
    const { port, seen } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'X-One': ['1', '2'] }).end('{"a":1}')
    })
    const pinned = createPinnedFetch({ resolve: toLoopback })
    const { status, headers, bytes } = await pinned(`https://client.example:${port}/a/b?c=d`, BOUNDS)
    expect([status, headers['content-type'], headers['x-one'], new TextDecoder().decode(bytes)]).toEqual([
      200,
      'application/json',
      '1, 2',
      '{"a":1}',
    ])
    expect(seen.map(({ request, servername }) => [request.method, request.url, servername, request.headers])).toEqual([
      [
        'GET',
        '/a/b?c=d',
        'client.example',
        {
          host: `client.example:${port}`,
          accept: 'application/json',
          'accept-encoding': 'identity',
          'user-agent': 'kavachos',
          connection: 'close',
        },
      ],
    ])
  })

  test('of an address without a name comes too', async () => {
    const { port } = await serve((_, response) => response.end('ok'))
    const { status } = await createPinnedFetch()(`https://127.0.0.1:${port}/`, BOUNDS)
    expect(status).toBe(200)
  })

  test('of a name that this machine resolves comes too', async () => {
    const { port } = await serve((_, response) => response.end('ok'))
    expect((await createPinnedFetch()(`https://localhost:${port}/`, BOUNDS)).status).toBe(200)
  })

  test('comes from the second address of a name where nobody answers at the first', async () => {
    const { port } = await serve((_, response) => response.end('ok'))
    const pinned = createPinnedFetch({ resolve: async () => ['127.0.0.2', '127.0.0.1'] })
    expect((await pinned(`https://client.example:${port}/`, BOUNDS)).status).toBe(200)
  })

  test('AS-R8: that redirects is given as it is, and nobody goes there', async () => {
    const { port, seen } = await serve((_, response) => {
      response.writeHead(302, { location: `https://client.example:${port}/secret` }).end()
    })
    const { status } = await createPinnedFetch({ resolve: toLoopback })(`https://client.example:${port}/a`, BOUNDS)
    expect([status, seen.map(({ request }) => request.url)]).toEqual([302, ['/a']])
  })

  test('AS-R10: may be as long as the bound, and not a byte longer, said or not', async () => {
    const { port } = await serve(({ url }, response) => {
      const body = 'x'.repeat(Number(url?.slice(2)))
      if (url?.startsWith('/n')) response.setHeader('content-length', body.length)
      else response.flushHeaders()
      response.end(body)
    })
    const pinned = createPinnedFetch()
    for (const kind of ['n', 's']) {
      expect((await pinned(`https://127.0.0.1:${port}/${kind}100`, BOUNDS)).bytes.length).toBe(100)
      await expect(pinned(`https://127.0.0.1:${port}/${kind}101`, BOUNDS)).rejects.toMatchObject(
        failure('the answer is longer than 100 bytes'),
      )
    }
  })

  test('AS-R10: that never ends is left', async () => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
    const port = await serveBytes(head, () => `1000\r\n${'x'.repeat(4096)}\r\n`)
    await expect(createPinnedFetch()(`https://127.0.0.1:${port}/`, BOUNDS)).rejects.toMatchObject(
      failure('the answer is longer than 100 bytes'),
    )
  })

  test('AS-R10: with headers that never end is left', async () => {
    const port = await serveBytes('HTTP/1.1 200 OK\r\n', () => `x-${'y'.repeat(900)}: z\r\n`)
    await expect(createPinnedFetch()(`https://127.0.0.1:${port}/`, BOUNDS)).rejects.toMatchObject({
      ...failure(`\`127.0.0.1:${port}\` could not be reached`),
      cause: { code: 'HPE_HEADER_OVERFLOW' },
    })
  })

  test.each([
    ['without an end of its headers', 'HTTP/1.1 200 OK\r\n'],
    ['without an end of its body', 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nxx'],
    ['that is nothing at all', ''],
  ])('AS-R10: %s is waited for until the deadline', async (_, text) => {
    const server = createTlsServer(TLS, (socket) => {
      socket.on('error', () => undefined)
      socket.write(text)
    })
    const port = await listen(server)
    await expect(
      createPinnedFetch()(`https://127.0.0.1:${port}/`, { ...BOUNDS, timeoutMs: 150 }),
    ).rejects.toMatchObject(failure('there was no answer within 150 ms'))
  })

  test('that is cut off is none', async () => {
    const port = await serveBytes('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nxx')
    await expect(createPinnedFetch()(`https://127.0.0.1:${port}/`, BOUNDS)).rejects.toMatchObject(
      failure('the answer ended too early'),
    )
  })

  test('that is no HTTP, or of another protocol, is none', async () => {
    const ports = [
      await serveBytes('SSH-2.0-x\r\n'),
      await serveBytes('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ]
    const messages: unknown[] = []
    for (const port of ports) {
      await createPinnedFetch()(`https://127.0.0.1:${port}/`, BOUNDS).catch(({ message }) => messages.push(message))
    }
    expect(messages).toEqual([`\`127.0.0.1:${ports[0]}\` could not be reached`, 'the answer is for another protocol'])
  })

  test('AS-R10: that is compressed is not unpacked', async () => {
    const { port } = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10_000_000)).subarray(0, 90))
    })
    await expect(createPinnedFetch()(`https://127.0.0.1:${port}/`, BOUNDS)).rejects.toMatchObject(
      failure('the answer is compressed, which was not asked for'),
    )
  })
})

describe('AS-R9: nobody is asked', () => {
  const resolve: ResolveName = async () => {
    throw new Error('not to be asked')
  }
  const pinned = createPinnedFetch({ resolve })

  test.each([
    ['http://client.example/', '`http:` is not fetched, only `https:` is'],
    ['file:///etc/passwd', '`file:` is not fetched, only `https:` is'],
    ['data:application/json,{}', '`data:` is not fetched, only `https:` is'],
    ['https://user:secret@client.example/', 'a URL with a user in it is not fetched'],
    ['https://', '`https://` is no URL'],
    ['https://127.0.0.1/', '`127.0.0.1` leads to an address that is not public'],
    ['https://2130706433/', '`127.0.0.1` leads to an address that is not public'],
    ['https://0x7f.1/', '`127.0.0.1` leads to an address that is not public'],
    ['https://0177.0.0.1/', '`127.0.0.1` leads to an address that is not public'],
    ['https://169.254.169.254/latest/meta-data', '`169.254.169.254` leads to an address that is not public'],
    ['https://[::1]/', '`::1` leads to an address that is not public'],
    ['https://[::]/', '`::` leads to an address that is not public'],
    ['https://[::ffff:10.0.0.1]/', '`::ffff:a00:1` leads to an address that is not public'],
    ['https://[64:ff9b::10.0.0.1]/', '`64:ff9b::a00:1` leads to an address that is not public'],
    ['https://[2002:a00:1::]/', '`2002:a00:1::` leads to an address that is not public'],
    ['https://[fe80::1]/', '`fe80::1` leads to an address that is not public'],
    ['https://[fd00::1]/', '`fd00::1` leads to an address that is not public'],
  ])('at %s', async (url, message) => {
    await expect(pinned(url, { ...BOUNDS, allowLoopback: false })).rejects.toMatchObject(failure(message))
  })

  test.each([
    ['a private address', ['10.0.0.1']],
    ['one among public ones', ['93.184.216.34', '10.0.0.1']],
    ['one of IPv6 among them', ['93.184.216.34', 'fd00::1']],
    ['this machine', ['127.0.0.1']],
    ['a zone', ['fe80::1%eth0']],
    ['what is no address', ['nonsense']],
  ])('at a name that leads to %s', async (_, addresses) => {
    const misled = createPinnedFetch({ resolve: async () => addresses })
    await expect(misled('https://client.example/', { ...BOUNDS, allowLoopback: false })).rejects.toMatchObject(
      failure('`client.example` leads to an address that is not public'),
    )
  })

  test('at one that leads nowhere, to too many, or cannot be resolved', async () => {
    const messages: unknown[] = []
    const resolvers: ResolveName[] = [async () => [], async () => new Array(33).fill('93.184.216.34'), resolve]
    for (const resolver of resolvers) {
      await createPinnedFetch({ resolve: resolver })('https://client.example/', BOUNDS).catch(({ message }) =>
        messages.push(message),
      )
    }
    expect(messages).toEqual([
      '`client.example` has no address',
      '`client.example` has more than 32 addresses',
      '`client.example` could not be reached',
    ])
  })

  test('at private addresses where loopback is accepted', async () => {
    const misled = createPinnedFetch({ resolve: async () => ['127.0.0.1', '10.0.0.1'] })
    await expect(misled('https://client.example/', BOUNDS)).rejects.toMatchObject(
      failure('`client.example` leads to an address that is not public'),
    )
  })

  test('when the name leads elsewhere by then (DNS rebinding): it is resolved once for each fetch', async () => {
    const { port, seen } = await serve((_, response) => response.end('ok'))
    const answers = [['127.0.0.1'], ['10.0.0.1']]
    let asked = 0
    const rebound = createPinnedFetch({ resolve: async () => answers[asked++] ?? [] })
    expect((await rebound(`https://client.example:${port}/`, BOUNDS)).status).toBe(200)
    expect(asked).toBe(1)
    await expect(rebound(`https://client.example:${port}/`, BOUNDS)).rejects.toMatchObject(
      failure('`client.example` leads to an address that is not public'),
    )
    expect([asked, seen.length]).toEqual([2, 1])
  })
})

test('AS-R9: a certificate that nobody signed is accepted on loopback alone', async () => {
  const { port, seen } = await serve((_, response) => response.end('ok'))
  const mixed = createPinnedFetch({ resolve: async () => ['127.0.0.1', '93.184.216.34'] })
  await expect(mixed(`https://client.example:${port}/`, BOUNDS)).rejects.toMatchObject({
    ...failure(`\`client.example:${port}\` could not be reached`),
    cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  })
  expect(seen).toEqual([])
})

test('AS-R10: the deadline holds for the name too', async () => {
  const slow = createPinnedFetch({ resolve: () => new Promise(() => undefined) })
  await expect(slow('https://client.example/', { ...BOUNDS, timeoutMs: 20 })).rejects.toMatchObject(
    failure('there was no answer within 20 ms'),
  )
})

test('a fetch that is aborted, before or meanwhile, ends at once', async () => {
  const reason = new Error('enough')
  const slow = createPinnedFetch({ resolve: () => new Promise(() => undefined) })
  const before = slow('https://client.example/', { ...BOUNDS, signal: AbortSignal.abort(reason) })
  await expect(before).rejects.toMatchObject({ ...failure('the fetch was aborted'), cause: reason })
  const controller = new AbortController()
  const meanwhile = slow('https://client.example/', { ...BOUNDS, signal: controller.signal })
  controller.abort(reason)
  await expect(meanwhile).rejects.toMatchObject({ ...failure('the fetch was aborted'), cause: reason })
})
