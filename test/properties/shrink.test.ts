import { expect, test } from 'vitest'
import { fixed, group, leaf, list, render } from './generate/piece.ts'
import { printCase, shrink } from './shrink.ts'

test('what the failure does not need is left out, at any depth', () => {
  const grant = (text: string) =>
    group('allow ', [list(['read', text]), fixed(' on **'), leaf(' needs approval')], '\n')
  const policy = group('', [
    fixed('policy p\n'),
    leaf('set x = regex /a/\n'),
    group('{', [grant('a'), grant('b')], '}'),
  ])
  const found = {
    policy,
    state: { agents: [{ name: 'r' }, { name: 's', owner: 'o' }] },
    request: { agent: 'a', args: { x: 1, y: { z: -0 } }, via: ['v', 'w'] },
    possible: true,
  }
  const small = shrink(found, ({ policy, state, request }) => {
    return /read|b on/.test(render(policy)) && `${JSON.stringify([state, request])}`.includes('"z"')
  })
  expect(printCase(small)).toBe(
    ['policy p', '{allow b on **', '}', 'state    {}', 'request  {"args":{"y":{"z":"-0"}}}'].join('\n'),
  )
})

test('a list keeps its last item', () => {
  const found = { policy: list(['a', 'b']), state: {}, request: {}, possible: false }
  expect(render(shrink(found, () => true).policy)).toBe('b')
})
