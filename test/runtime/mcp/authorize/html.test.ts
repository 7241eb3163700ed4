import { expect, test } from 'vitest'
import { html } from '../../../../runtime/mcp/authorize/html.ts'
import { unescapeHtml } from '../server.ts'

test('texts are escaped, and parts are not', () => {
  const parts = ['<b>', '&amp;'].map((text) => html`<li>${text}</li>`)
  expect(html`<ul title="${'"\'`'}">${parts}</ul>${''}`.html).toBe(
    '<ul title="&#34;&#39;&#96;"><li>&#60;b&#62;</li><li>&#38;amp;</li></ul>',
  )
})

test('whatever a text is, it is read as it was, and ends no attribute', () => {
  const text = String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at))
  const { html: escaped } = html`${text}`
  expect(escaped).not.toMatch(/[<>"'`]/)
  expect(unescapeHtml(escaped)).toBe(text)
})
