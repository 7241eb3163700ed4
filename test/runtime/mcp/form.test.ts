import { describe, expect, test } from 'vitest'
import { readForm, readQuery } from '../../../runtime/mcp/form.ts'

const TYPE = 'application/x-www-form-urlencoded'

interface Posted {
  readonly url?: string
  readonly method?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

function post(
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  { url, method, type, headers }: Posted = {},
): Request {
  return new Request(url ?? 'https://as.example.com/oauth/token', {
    method: method ?? 'POST',
    headers: { 'content-type': type ?? TYPE, ...headers },
    ...(method !== 'GET' && { body, duplex: 'half' }),
  })
}

const refusal = (message: string, status = 400) => ({ name: 'OAuthError', error: 'invalid_request', message, status })

describe('AS-T1: a form', () => {
  test('is read with its escapes, and what has no value is absent', async () => {
    const form = await readForm(post('a=1&b=%C3%A4+%2B&c=&d&=x&&e=f=g'))
    expect([...form]).toEqual([
      ['a', '1'],
      ['b', 'ä +'],
      ['', 'x'],
      ['e', 'f=g'],
    ])
  })

  test.each(['application/x-www-form-urlencoded; charset=UTF-8', 'APPLICATION/X-WWW-FORM-URLENCODED;charset="utf-8"'])(
    'may say that it is UTF-8: %s',
    async (type) => expect([...(await readForm(post('a=1', { type })))]).toEqual([['a', '1']]),
  )

  test('without a body is empty', async () => {
    expect([...(await readForm(post('')))]).toEqual([])
  })

  test.each([
    ['a=1&a=1', 'a'],
    ['a=1&b=2&a=', 'a'],
    ['a&a', 'a'],
    ['a=1&%61=2', 'a'],
  ])('with a repeated parameter is refused: %s', async (body, name) => {
    await expect(readForm(post(body))).rejects.toMatchObject(refusal(`the parameter ${name} is repeated`))
  })

  test.each(['a=%', 'a=%zz', 'a=%ff', '%c3=1', 'a=%ed%a0%80'])('with a broken escape is refused: %s', async (body) => {
    await expect(readForm(post(body))).rejects.toMatchObject(refusal('a parameter is not encoded as forms are'))
  })

  test('that is no UTF-8 is refused', async () => {
    await expect(readForm(post(Uint8Array.of(0x61, 0x3d, 0xff)))).rejects.toMatchObject(refusal('the body is no UTF-8'))
  })

  test.each(['application/json', 'multipart/form-data', 'text/plain', `${TYPE}; charset=latin1`, `x-${TYPE}`])(
    'of another type is refused: %s',
    async (type) => {
      await expect(readForm(post('a=1', { type }))).rejects.toMatchObject(
        refusal(`the content type must be ${TYPE}`, 415),
      )
    },
  )

  test('that is compressed is refused', async () => {
    await expect(readForm(post('a=1', { headers: { 'content-encoding': 'gzip' } }))).rejects.toMatchObject(
      refusal('the body must not be compressed', 415),
    )
  })

  test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('is posted, and not sent by %s', async (method) => {
    await expect(readForm(post('a=1', { method }))).rejects.toMatchObject({
      ...refusal('the method must be POST', 405),
      headers: { allow: 'POST' },
    })
  })

  test('with parameters in the URL is refused', async () => {
    await expect(readForm(post('a=1', { url: 'https://as.example.com/oauth/token?b=2' }))).rejects.toMatchObject(
      refusal('parameters belong in the body, not in the URL'),
    )
  })
})

describe('AS-T11b: a form', () => {
  const MOST = 64 * 1024

  test('may have 64 parameters, and not one more', async () => {
    const names = Array.from({ length: 64 }, (_, at) => `p${at}=${at}`)
    expect((await readForm(post(names.join('&')))).size).toBe(64)
    await expect(readForm(post([...names, 'x=1'].join('&')))).rejects.toMatchObject(
      refusal('there are too many parameters'),
    )
  })

  test('may have 64 kB, and not a byte more, whatever it says about its length', async () => {
    const body = `a=${'x'.repeat(MOST - 2)}`
    expect((await readForm(post(body))).get('a')?.length).toBe(MOST - 2)
    const headers = { 'content-length': '3' }
    for (const longer of [post(`${body}x`), post(new Blob([`${body}x`]).stream(), { headers })]) {
      await expect(readForm(longer)).rejects.toMatchObject(
        refusal(`the body must not be longer than ${MOST} bytes`, 413),
      )
    }
  })

  test('that says that it is longer is not read at all', async () => {
    let pulled = 0
    const stream = new ReadableStream(
      {
        pull(controller) {
          pulled++
          controller.enqueue(new Uint8Array(1024))
        },
      },
      { highWaterMark: 0 },
    )
    await expect(readForm(post(stream, { headers: { 'content-length': '65537' } }))).rejects.toMatchObject({
      status: 413,
    })
    expect(pulled).toBe(0)
  })

  test('that never ends is left', async () => {
    let pulled = 0
    const stream = new ReadableStream(
      {
        pull(controller) {
          pulled++
          controller.enqueue(new Uint8Array(1024))
        },
      },
      { highWaterMark: 0 },
    )
    await expect(readForm(post(stream))).rejects.toMatchObject({ status: 413 })
    expect(pulled).toBe(65)
  })
})

describe('AS-A9: a query', () => {
  const read = (query: string) => readQuery(new URL(`https://as.example.com/oauth/authorize${query}`))

  test('is read as a form is', () => {
    expect([...read('?a=1&b=%C3%A4+x&c=')]).toEqual([
      ['a', '1'],
      ['b', 'ä x'],
    ])
    expect([...read('')]).toEqual([])
  })

  test('with a repeated parameter is refused', () => {
    expect(() => read('?state=1&state=2')).toThrow(expect.objectContaining(refusal('the parameter state is repeated')))
  })

  test('is bounded', () => {
    expect(() => read(`?a=${'x'.repeat(64 * 1024)}`)).toThrow(
      expect.objectContaining(refusal('the parameters are too long')),
    )
    const many = Array.from({ length: 65 }, (_, at) => `p${at}`).join('&')
    expect(() => read(`?${many}`)).toThrow(expect.objectContaining(refusal('there are too many parameters')))
  })

  test('does not touch the prototype of anything', () => {
    const form = read('?__proto__=1&constructor=2')
    expect([form.get('__proto__'), form.get('constructor'), form.get('toString')]).toEqual(['1', '2', undefined])
  })
})
