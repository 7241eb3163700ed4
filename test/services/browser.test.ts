/** Login and consent in a browser, by somebody who has a keyboard and nothing else. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { enter, register, type Scene } from '../runtime/mcp/clauses/attack.ts'
import { deploy, USERS } from '../runtime/mcp/deployment.ts'
import { CHALLENGE } from '../runtime/mcp/server.ts'
import { openChromium } from './chromium.ts'

describe('login and consent in Chromium', () => {
  test('are done with the keyboard alone, and the code arrives at the port of the client', async () => {
    const { scene, native, page } = await open()
    await page.goto(authorizationUrl(scene, native))
    expect(await page.title()).toBe('Sign in')
    await signInByKeyboard(page)
    expect(await page.title()).toBe('Allow access?')
    // Whoever presses Enter at once has agreed to nothing: the focus is on no button.
    expect(await focused(page)).toBe('BODY ')
    await tabTo(page, 'BUTTON Allow')
    await page.keyboard.press('Enter')
    const arrived = await native.arrived
    expect(Object.fromEntries(arrived.searchParams)).toEqual({
      code: expect.stringMatching(/^kvc_/),
      state: 'a state',
      iss: scene.issuer,
    })
    expect(await page.textContent('body')).toBe('You can close this window.')
  })

  test('can be refused with the keyboard alone, and the client is told', async () => {
    const { scene, native, page } = await open()
    await page.goto(authorizationUrl(scene, native))
    await signInByKeyboard(page)
    await tabTo(page, 'BUTTON Refuse')
    await page.keyboard.press('Space')
    expect(Object.fromEntries((await native.arrived).searchParams)).toEqual({
      error: 'access_denied',
      error_description: 'the user has refused',
      state: 'a state',
      iss: scene.issuer,
    })
  })

  test('tell a wrong password by text and by a mark that screen readers read', async () => {
    const { scene, native, page } = await open()
    await page.goto(authorizationUrl(scene, native))
    await page.keyboard.press('Tab')
    await page.keyboard.type('ann')
    await page.keyboard.press('Tab')
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[role=alert]')
    expect(await page.textContent('[role=alert]')).toBe('The user name or the password is not right.')
    expect(await page.getAttribute('#password', 'aria-describedby')).toBe('refused')
  })

  test('do not run what a client calls itself', async () => {
    const attack = `<img src=x onerror="document.title='run'"><script>document.title='run'</script>`
    const { scene, native, page } = await open(attack)
    const dialogs: string[] = []
    page.on('dialog', (dialog) => dialogs.push(dialog.message()))
    await page.goto(authorizationUrl(scene, native))
    await signInByKeyboard(page)
    expect(await page.title()).toBe('Allow access?')
    expect(await page.textContent('main p strong bdi')).toBe(attack)
    expect(await page.$$('main img, main script')).toEqual([])
    expect(dialogs).toEqual([])
  })

  test('are shown in no frame, of whatever site', async () => {
    const { scene, native, page } = await open()
    await page.goto(authorizationUrl(scene, native))
    await signInByKeyboard(page)
    const urls = [authorizationUrl(scene, native), scene.settings.urls.login]
    const other = await serve((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(urls.map((url) => `<iframe src="${url.replaceAll('&', '&amp;')}"></iframe>`).join(''))
    })
    await page.goto(other)
    expect(
      page
        .frames()
        .slice(1)
        .map((frame) => frame.url()),
    ).toEqual(['chrome-error://chromewebdata/', 'chrome-error://chromewebdata/'])
  })

  test('take no form of another site', async () => {
    const { scene, native, page } = await open()
    await page.goto(authorizationUrl(scene, native))
    await signInByKeyboard(page)
    const fields = await page.$$eval('input[type=hidden]', (inputs) =>
      inputs.map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']),
    )
    const victim = await (await openChromium()).newPage()
    await victim.goto(authorizationUrl(scene, native))
    await signInByKeyboard(victim)
    // The attacker has asked the same question in a browser of its own, and posts that form from its own page.
    const inputs = [...fields, ['decision', 'allow']].map(([name, value]) => `<input name="${name}" value="${value}">`)
    const evil = await serve((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end(
        `<form method="post" action="${scene.settings.urls.consent}">${inputs.join('')}<button>Win</button></form>`,
      )
    })
    await victim.goto(evil)
    await Promise.all([victim.waitForNavigation(), victim.click('button')])
    expect(victim.url()).toBe(scene.settings.urls.consent)
    expect((await scene.mcp.grants.list()).grants).toEqual([])
  })

  test.each([320, 1280])('fit a window of %s pixels, with text that reads at twice its size', async (width) => {
    const { scene, native, page } = await open('A client with a name that is quite long, as names of clients may be')
    await page.setViewportSize({ width, height: 640 })
    await page.goto(authorizationUrl(scene, native))
    for (const signIn of [async () => undefined, () => signInByKeyboard(page)]) {
      await signIn()
      for (const size of ['100%', '200%']) {
        await page.evaluate((given) => document.documentElement.style.setProperty('font-size', given), size)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth)
        expect({ title: await page.title(), size, wide: wide <= width }).toEqual({
          title: await page.title(),
          size,
          wide: true,
        })
      }
      await page.evaluate(() => document.documentElement.style.removeProperty('font-size'))
    }
  })

  test('are readable in light and dark, with a contrast of 4.5 to 1 or more', async () => {
    const { scene, native, page } = await open()
    await page.goto(authorizationUrl(scene, native))
    await signInByKeyboard(page)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const pairs = await page.$$eval('body, button.main, button:not(.main)', (elements) =>
        elements.map((element) => {
          const { color, backgroundColor } = getComputedStyle(element)
          return [color, backgroundColor]
        }),
      )
      for (const [color = '', background = ''] of pairs) {
        expect({ colorScheme, color, background, isEnough: contrast(color, background) >= 4.5 }).toMatchObject({
          isEnough: true,
        })
      }
    }
  })
})

interface Native {
  /** Of a client on this machine, on a port that it has not registered. */
  readonly redirectUri: string
  readonly clientId: string
  /** What its first visitor brought along. */
  readonly arrived: Promise<URL>
}

async function open(name = 'Example Desktop') {
  const scene = await enter(await deploy())
  let arrive = (_: URL): void => undefined
  const arrived = new Promise<URL>((resolve) => {
    arrive = resolve
  })
  const url = await serve((request, response) => {
    if (request.url?.startsWith('/callback?')) arrive(new URL(request.url, url))
    response.setHeader('content-type', 'text/html')
    response.end('You can close this window.')
  })
  const { client_id: clientId } = await register(scene, {
    client_name: name,
    redirect_uris: ['http://127.0.0.1/callback'],
  })
  const native: Native = { redirectUri: `${url}/callback`, clientId, arrived }
  return { scene, native, page: await (await openChromium()).newPage() }
}

async function serve(answer: Parameters<typeof createServer>[1] & object): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  // It listens on a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function authorizationUrl({ settings, tools }: Scene, { clientId, redirectUri }: Native): string {
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    state: 'a state',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    scope: 'mcp:tools mcp:admin',
    resource: tools,
  }
  return `${settings.urls.authorize}?${new URLSearchParams(parameters)}`
}

async function signInByKeyboard(page: Page): Promise<void> {
  await tabTo(page, 'INPUT username')
  await page.keyboard.type('ann')
  await page.keyboard.press('Tab')
  await page.keyboard.type(USERS.ann)
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
}

/** Tab, until the focus is there. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  for (let left = 10; left > 0; left--) {
    await page.keyboard.press('Tab')
    if ((await focused(page)) === wanted) return
  }
  expect.fail(`the keyboard never came to ${wanted}`)
}

function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement
    const name = element?.getAttribute('name')
    const text = element?.tagName === 'BUTTON' ? element.textContent : name
    return `${element?.tagName} ${text ?? ''}`
  })
}

/** @see WCAG 2.2, contrast ratio */
function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (high + 0.05) / (low + 0.05)
}

function luminance(color: string): number {
  const parts = (color.match(/[\d.]+/g) ?? []).map(Number).map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const [red = 0, green = 0, blue = 0] = parts
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
