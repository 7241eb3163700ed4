// The playground on this machine, with the headers that whoever publishes it should send too.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'

/** Nothing from elsewhere, no script in the page, and WebAssembly only where it is compiled. The workers have it as well. */
export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Serves a folder of files; `port` 0 takes any. */
export async function servePlayground(folder, port = 0) {
  const server = createServer(async (request, response) => {
    const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1) || 'index.html'
    const type = TYPES[name.split('.').at(-1) ?? '']
    const body = /^[\w-]+\.\w+$/.test(name) ? await readFile(join(folder, name)).catch(() => undefined) : undefined
    if (body === undefined || type === undefined) return response.writeHead(404).end()
    response
      .writeHead(200, {
        'content-type': type,
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      .end(body)
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}
