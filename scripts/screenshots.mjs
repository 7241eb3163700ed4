// Pictures of the pages that people see, for docs/mcp: node scripts/screenshots.mjs. It starts the example and signs in there.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { chromium as programOf } from './tools.mjs'
import { root } from './vitest.mjs'

const folder = mkdtempSync(join(tmpdir(), 'kavachos-screenshots-'))
const file = join(folder, 'info.json')
const example = spawn(
  process.execPath,
  ['examples/mcp/main.mjs', '--port', '4100', '--password', 'a password', '--info', file],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
)
try {
  for await (const line of createInterface(example.stdout)) if (line.startsWith('Ctrl-C')) break
  const { issuer, servers } = JSON.parse(readFileSync(file, 'utf8'))
  const { client_id } = await register(issuer)
  const browser = await chromium.launch({
    executablePath: programOf(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
  })
  const page = await browser.newPage({ viewport: { width: 560, height: 620 } })
  await page.goto(`${issuer}/oauth/authorize?${request(client_id, servers[0])}`)
  await page.screenshot({ path: join(root, 'docs/mcp/login.png') })
  await page.fill('#username', 'alice')
  await page.fill('#password', 'a password')
  await page.keyboard.press('Enter')
  await page.waitForSelector('button[value=allow]')
  await page.screenshot({ path: join(root, 'docs/mcp/consent.png'), fullPage: true })
  await browser.close()
} finally {
  example.kill()
  rmSync(folder, { recursive: true, force: true })
}

async function register(issuer) {
  const response = await fetch(`${issuer}/.well-known/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Desk',
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
    }),
  })
  return response.json()
}

function request(client_id, resource) {
  return new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri: 'http://127.0.0.1:33418/callback',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    scope: 'mcp:admin',
    resource,
    state: 'x',
  })
}
