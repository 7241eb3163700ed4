/** The playground in Chromium, with the headers that it should be sent with: nothing from elsewhere, no script in the page. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadEngine } from '../../../engine-wasm/host/index.ts'
import { buildPlayground } from '../../../scripts/playground.mjs'
import { servePlayground } from '../../../scripts/playground-server.mjs'
import { ADVERSARIES } from '../../compiler/analyze/adversarial/policies.mjs'
import { openChromium } from '../../services/chromium.ts'

const POLICY = `policy desk generation 1

autonomous agent triage {
  owner "team"
  allow read on mcp:tickets:**
  allow execute on mcp:refunds:issue
    when args.amount <= 50
}

assert every execute on mcp:refunds:** needs approval
`
/** What mends the assertion. */
const APPROVAL = '    needs approval by "role:lead" within 1h\n'

/** Pages that are opened one after the other, on a machine that does other things as well. */
const PAGES_MS = 240_000

const folder = mkdtempSync(join(tmpdir(), 'kavachos-playground-'))
let site: Awaited<ReturnType<typeof servePlayground>>
beforeAll(async () => {
  await buildPlayground(folder)
  site = await servePlayground(folder)
})
afterAll(() => {
  site.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Opened {
  readonly page: Page
  /** What the console and the policy of contents complained about, and what was asked of other servers. */
  readonly complaints: readonly string[]
}

async function open(path = '/'): Promise<Opened> {
  const context = await openChromium({ acceptDownloads: true })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(site.address) && !request.url().startsWith('blob:')) complaints.push(request.url())
  })
  await page.goto(`${site.address}${path}`)
  await settled(page, 'proofs-count', /proved/)
  return { page, complaints }
}

/** Waits until the text of the element is so. */
async function settled(page: Page, id: string, text: RegExp): Promise<string> {
  const found = page.locator(`#${id}`).filter({ hasText: text })
  await found.waitFor({ timeout: 60_000 })
  return (await found.textContent()) ?? ''
}

const type = (page: Page, text: string) => page.locator('#policy').fill(text)
const textOf = (page: Page) => page.locator('#policy').inputValue()

test('it opens with an example that is proved, tested and decided, under a strict policy of contents', async () => {
  const { page, complaints } = await open()
  expect(await settled(page, 'findings-count', /./)).toBe('nothing to report')
  expect(await settled(page, 'proofs-count', /proved/)).toMatch(/^(\d+) of \1 proved$/)
  expect(await settled(page, 'tests-count', /passed/)).toMatch(/^(\d+) of \1 passed$/)
  expect(await settled(page, 'decision', /because/)).toMatch(/^deny because arg-mismatch/)
  expect(await settled(page, 'explanation', /With other facts/)).toContain(
    'This call is not allowed with these arguments.',
  )
  expect(await settled(page, 'figure-size', /module/)).toMatch(/^module \d+\.\d kB, policy \d+\.\d kB$/)
  expect(await settled(page, 'figure-check', /checked/)).toMatch(/^checked and compiled in [\d.]+ ms$/)
  expect(await settled(page, 'figure-prove', /proved/)).toMatch(/^proved in [\d.]+ ms$/)
  expect(await settled(page, 'figure-decide', /decided/)).toMatch(/^decided in \d+\.\d\d µs$/)
  expect(complaints).toEqual([])
})

test('the policy of contents stops scripts in the page, and whatever would leave it', async () => {
  const { page, complaints } = await open()
  await page.evaluate(
    `document.head.append(Object.assign(document.createElement('script'), { text: 'globalThis.ran = true' }))`,
  )
  await page.evaluate(`document.body.setAttribute('onclick', 'globalThis.ran = true'); document.body.click()`)
  expect(await page.evaluate('globalThis.ran')).toBeUndefined()
  expect(await page.evaluate(`fetch('/style.css').then(() => 'fetched', () => 'refused')`)).toBe('refused')
  expect(complaints.length).toBeGreaterThan(2)
  expect(complaints.filter((text) => !text.includes('Content Security Policy'))).toEqual([])
})

test(
  'every example compiles, and is proved and passes its tests',
  async () => {
    const { page, complaints } = await open()
    const ids = await page
      .locator('#example option')
      .evaluateAll((options) => options.map((option) => (option instanceof HTMLOptionElement ? option.value : '')))
    expect(ids.length).toBeGreaterThan(7)
    for (const id of ids.filter((each) => each !== '')) {
      await page.goto(`${site.address}/?${id}#${id}`)
      expect([id, await settled(page, 'proofs-count', /proved|errors/)]).toEqual([
        id,
        expect.stringMatching(/^(\d+) of \1 proved$/),
      ])
      expect(await settled(page, 'tests-count', /passed/)).toMatch(/^(\d+) of \1 passed$/)
      expect(await settled(page, 'findings-count', /./)).not.toMatch(/error/)
      expect(await settled(page, 'decision', /because/)).not.toContain('invalid-request')
    }
    expect(complaints).toEqual([])
  },
  PAGES_MS,
)

test('a mistake is shown with its code and place, and mended', async () => {
  const { page, complaints } = await open()
  await type(page, POLICY.replace('args.amount', 'arg.amount'))
  expect(await settled(page, 'findings-count', /error/)).toBe('1 error')
  const finding = page.locator('#findings li.error')
  expect(await finding.textContent()).toMatch(/^error\[KV\d{4}\]: [\s\S]*policy\.kavach:7:10/)
  expect(await page.locator('#policy-copy .error').textContent()).toContain('arg')
  expect(await page.locator('#policy-name').textContent()).toBe('does not compile')
  expect(await page.locator('#save-wasm').isDisabled()).toBe(true)
  expect(await settled(page, 'decision', /errors/)).toBe('the policy has errors')
  await finding.locator('button.place').click()
  const at = await page
    .locator('#policy')
    .evaluate((field) => (field instanceof HTMLTextAreaElement ? field.selectionStart : -1))
  expect(POLICY.replace('args.amount', 'arg.amount').slice(at, at + 3)).toBe('arg')
  await type(page, POLICY)
  expect(await settled(page, 'policy-name', /desk/)).toBe('desk generation 1: 2 rules')
  expect(complaints).toEqual([])
})

test('an assertion is refuted with a request that can be asked, and proved once it holds', async () => {
  const { page, complaints } = await open()
  await type(page, POLICY)
  expect(await settled(page, 'proofs-count', /of 1/)).toBe('0 of 1 proved')
  const refuted = page.locator('#proofs li.refuted')
  expect(await refuted.textContent()).toContain('allowed: triage execute mcp:refunds:issue')
  expect(await settled(page, 'findings', /KV4110/)).toContain('this assertion does not hold')
  await refuted.getByRole('button', { name: 'Ask this request' }).click()
  expect(await page.locator('#agent').inputValue()).toBe('triage')
  expect(await settled(page, 'decision', /allow because/)).toContain('allow execute on mcp:refunds:issue')
  await type(page, POLICY.replace('<= 50\n', `<= 50\n${APPROVAL}`))
  expect(await settled(page, 'proofs-count', /1 of 1/)).toBe('1 of 1 proved')
  expect(await settled(page, 'decision', /approval because/)).toMatch(/^approval because approval-required/)
  expect(complaints).toEqual([])
})

test('an explanation opens what is denied, by other facts and by another policy', async () => {
  const { page } = await open()
  await type(page, POLICY.replace('<= 50\n', `<= 50\n${APPROVAL}`))
  await page.locator('#agent').fill('triage')
  await page.locator('#action').fill('write')
  await page.locator('#resource').fill('mcp:tickets:7')
  await page.locator('#facts').fill('')
  expect(await settled(page, 'decision', /no-grant/)).toMatch(/^deny because no-grant/)
  await settled(page, 'explanation', /Apply to the policy/)
  await page.getByRole('button', { name: 'Apply to the policy' }).first().click()
  expect(await settled(page, 'decision', /allow because/)).toMatch(/^allow because allowed/)
  expect(await textOf(page)).toContain('write')
})

test('a request that is no JSON, or none at all, is answered', async () => {
  const { page } = await open()
  await page.locator('#facts').fill('{ "args": ')
  expect(await settled(page, 'decision', /request:/)).toMatch(/^the request: /)
  await page.locator('#facts').fill('[1]')
  expect(await settled(page, 'decision', /no object/)).toBe('the request is no object')
  await page.locator('#facts').fill('{ "args": 7 }')
  expect(await settled(page, 'decision', /because/)).toMatch(/^deny because invalid-request/)
  await page.locator('summary', { hasText: 'Made at run time' }).click()
  await page.locator('#state').fill('{"agents":[{"name":"a"}]}')
  expect(await settled(page, 'decision', /run time/)).toMatch(/^made at run time: agents\[0\]/)
})

test(
  'a link opens the same policy and request elsewhere, and a damaged one says so',
  async () => {
    const { page } = await open()
    await type(page, POLICY)
    await page.locator('#resource').fill('mcp:tickets:"é"')
    await settled(page, 'proofs-count', /of 1/)
    await page.getByRole('button', { name: 'Share link' }).click()
    expect(await settled(page, 'status', /link/)).toMatch(/^The link is in the address bar/)
    const link = new URL(page.url())
    const opened = await open(`/${link.hash}`)
    expect(await textOf(opened.page)).toBe(POLICY)
    expect(await opened.page.locator('#resource').inputValue()).toBe('mcp:tickets:"é"')
    expect(await settled(opened.page, 'proofs-count', /of 1/)).toBe('0 of 1 proved')
    const damaged = await open(`/${link.hash.slice(0, -9)}`)
    expect(await settled(damaged.page, 'status', /damaged/)).toBe(
      'The link is damaged: this is the first example instead.',
    )
  },
  PAGES_MS,
)

test('what is downloaded decides as the page does', async () => {
  const { page } = await open()
  await type(page, POLICY)
  await settled(page, 'policy-name', /2 rules/)
  const save = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name, exact: true }).click(),
    ])
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }
  }
  const module = await save('.wasm')
  const image = await save('.img')
  const types = await save('.d.ts')
  expect([module.name, image.name, types.name]).toEqual(['desk.wasm', 'desk.img', 'desk.d.ts'])
  const request = { agent: 'triage', action: 'read', resource: 'mcp:tickets:7' }
  expect([module, image].map(({ bytes }) => loadEngine(bytes).decide(request).reason)).toEqual(['allowed', 'allowed'])
  expect(types.bytes.toString()).toContain('Types of policy desk, generation 1')
})

/** Forty proofs, each of which takes a second or so until it gives up. */
const [ADVERSARY] = ADVERSARIES
const HARD = `${ADVERSARY?.text}\n${'assert never a can read on **\n'.repeat(40)}`

test('a proof can be stopped, and the page answers while it runs', async () => {
  const { page, complaints } = await open()
  await type(page, HARD)
  expect(await settled(page, 'proofs-count', /proving/)).toBe('proving')
  expect(await settled(page, 'policy-name', /a|p/)).toMatch(/generation/)
  await page.getByRole('button', { name: 'Stop' }).click()
  expect(await settled(page, 'proofs-count', /stopped/)).toBe('stopped; the next change proves again')
  expect(await page.locator('#stop').isHidden()).toBe(true)
  await type(page, POLICY)
  expect(await settled(page, 'proofs-count', /of 1/)).toBe('0 of 1 proved')
  expect(complaints).toEqual([])
})

test(
  'typing on during a proof that takes long gives the newer answer, and never the older one',
  async () => {
    const { page, complaints } = await open()
    for (let i = 0; i < 3; i++) {
      await type(page, `${HARD}// ${i}`)
      await settled(page, 'proofs-count', /proving/)
      await type(page, `${POLICY}// ${i}`)
      expect(await settled(page, 'proofs-count', /of 1/)).toBe('0 of 1 proved')
    }
    expect(await page.locator('#stop').isHidden()).toBe(true)
    expect(complaints).toEqual([])
  },
  PAGES_MS,
)

test('everything is reached and done by keyboard alone', async () => {
  const { page } = await open()
  const focused = () => page.evaluate('document.activeElement?.id ?? ""')
  const reached: unknown[] = []
  for (let i = 0; i < 7; i++) {
    await page.keyboard.press('Tab')
    reached.push(await focused())
  }
  expect(reached).toEqual(['example', 'share', 'save-wasm', 'save-img', 'save-types', 'policy', 'agent'])
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('policy p generation 1\nautonomous agent a { allow raed on mcp:docs:** }\nforbid\n')
  await settled(page, 'findings-count', /error/)
  await page.keyboard.press('Control+Home')
  await page.keyboard.press('F8')
  const at = await page
    .locator('#policy')
    .evaluate((field) => (field instanceof HTMLTextAreaElement ? field.selectionStart : -1))
  expect(at).toBeGreaterThan(0)
  expect(await focused()).toBe('policy')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('policy p generation 1\nautonomous agent a { allow read on mcp:docs:** }\n')
  await settled(page, 'policy-name', /p generation 1/)
  await page.keyboard.press('Tab')
  for (const text of ['a', 'read', 'mcp:docs:x', '{ "now": "2026-04-01T10:00:00Z" }']) {
    await page.keyboard.press('Control+A')
    await page.keyboard.type(text)
    await page.keyboard.press('Tab')
  }
  expect(await settled(page, 'decision', /allow because/)).toMatch(/^allow because allowed/)
})

test('every field and every list has a name for those who hear the page', async () => {
  const { page } = await open()
  const names = await page.locator('input, textarea, select, button').evaluateAll((fields) =>
    fields.flatMap((field) => {
      const label = 'labels' in field && field.labels instanceof NodeList ? field.labels[0]?.textContent : undefined
      const text = (label ?? field.textContent ?? '').trim()
      return text === '' ? [field.id] : []
    }),
  )
  expect(names).toEqual([])
})
