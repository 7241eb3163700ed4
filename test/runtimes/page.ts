/** A page of a bundle in Chromium, served from this process. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { openChromium } from '../services/chromium.ts'
import type { Bundle } from './bundle.ts'

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  wasm: 'application/wasm',
  html: 'text/html; charset=utf-8',
}

/** What a page leaves in `globalThis.report`, under a Content-Security-Policy. */
export async function askPage(
  { code }: Bundle,
  files: Readonly<Record<string, string>>,
  securityPolicy = "default-src 'self' 'wasm-unsafe-eval'",
): Promise<unknown> {
  const pages = new Map<string, string | Buffer>([
    ['/index.html', '<!doctype html><title>kavachos</title><script type="module" src="page.js"></script>'],
    ['/page.js', code],
    ...Object.entries(files).map(([name, path]) => [`/${name}`, readFileSync(path)] as const),
  ])
  const server = createServer(({ url = '' }, response) => {
    const body = pages.get(url)
    if (body === undefined) return response.writeHead(404).end()
    const type = TYPES[url.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'content-security-policy': securityPolicy })
    return response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo // It listens on a port.
  const browser = await openChromium()
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${port}/index.html`)
  await page.waitForFunction('globalThis.report !== undefined')
  return page.evaluate('globalThis.report')
}
