// The picture of the playground for README.md, docs/images/playground.png: node scripts/playground-screenshot.mjs. It builds the
// playground, takes the approval out of the example, and waits until everything about that is shown.
import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { chromium } from 'playwright-core'
import { buildPlayground, OUT } from './playground.mjs'
import { servePlayground } from './playground-server.mjs'
import { chromium as programOf } from './tools.mjs'
import { root } from './vitest.mjs'

const PICTURE = join(root, 'docs/images/playground.png')
const MAX_BYTES = 200_000

await buildPlayground()
const { address, close } = await servePlayground(OUT)
const browser = await chromium.launch({
  executablePath: programOf(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync'],
})
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 860 }, colorScheme: 'light' })
  await page.goto(`${address}/#desk`)
  const policy = await page.inputValue('#policy')
  await page.fill('#policy', policy.replace(/ *needs approval by [^\n]*\n/, ''))
  await page.fill('#facts', '{\n  "args": { "amount": 80 },\n  "ip": "10.1.2.3",\n  "now": "2026-04-01T10:00:00Z"\n}')
  const shows = (id, text) => page.locator(id).filter({ hasText: text }).waitFor()
  await shows('#proofs', 'refuted')
  await shows('#explanation', 'With other facts')
  await shows('#figure-decide', 'decided')
  await page.evaluate(() => {
    document.querySelector('#policy').scrollTop = 0
    document.activeElement.blur()
  })
  mkdirSync(dirname(PICTURE), { recursive: true })
  await page.screenshot({ path: PICTURE })
} finally {
  await browser.close()
  close()
}
const { size } = statSync(PICTURE)
console.log(`docs/images/playground.png: ${size} bytes`)
if (size > MAX_BYTES) {
  console.error(`that is more than ${MAX_BYTES}`)
  process.exit(1)
}
