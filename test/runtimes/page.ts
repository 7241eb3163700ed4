/** A page of a bundle in Chromium, served from this process. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { openChromium } from '../services/chromium.ts'
import type { Bundle } from './bundle.ts'

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  wasm: 'application/wasm',
  '/': 'text/html; charset=utf-8',
}

type Files = Readonly<Record<string, string>>

/** What a page leaves in `globalThis.report`, under a Content-Security-Policy. */
export async function askPage(
  bundle: Bundle,
  files: Files,
  securityPolicy = "default-src 'self' 'wasm-unsafe-eval'",
): Promise<unknown> {
  const { page, url } = await openPage(bundle, files, securityPolicy)
  await page.goto(url)
  return page.evaluate(REPORT)
}

/** It waits inside the page: `waitForFunction` evaluates its text again later, which the policy forbids. */
const REPORT = `new Promise((found) => {
  const look = () => (globalThis.report === undefined ? setTimeout(look, 10) : found(globalThis.report))
  look()
})`

/** What a page prints, when it has printed so many lines. */
export async function printedByPage(bundle: Bundle, files: Files, lines: number): Promise<string> {
  const { page, url } = await openPage(bundle, files, "default-src 'self' 'wasm-unsafe-eval'")
  const printed: string[] = []
  const done = new Promise<void>((resolve, reject) => {
    page.on('pageerror', reject)
    page.on('console', (message) => {
      printed.push(`${message.text()}\n`)
      if (printed.length === lines) resolve()
    })
  })
  await page.goto(url)
  await done
  return printed.join('')
}

async function openPage({ code }: Bundle, files: Files, securityPolicy: string): Promise<{ page: Page; url: string }> {
  const served = new Map<string, string | Buffer>([
    ['/', '<!doctype html><title>kavachos</title><script type="module" src="page.js"></script>'],
    ['/page.js', code],
    ['/favicon.ico', ''],
    ...Object.entries(files).map(([name, path]) => [`/${name}`, readFileSync(path)] as const),
  ])
  const server = createServer(({ url = '' }, response) => {
    const body = served.get(url)
    if (body === undefined) return response.writeHead(404).end()
    const type = TYPES[/[^.]*$/.exec(url)?.[0] ?? ''] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'content-security-policy': securityPolicy })
    return response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo // It listens on a port.
  const browser = await openChromium()
  return { page: await browser.newPage(), url: `http://127.0.0.1:${port}/` }
}
