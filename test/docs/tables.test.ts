/** docs/trust.md prints the factors that there are, with their weights; docs/keys.md the scopes. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { KEY_SCOPES } from '../../runtime/keys/index.ts'
import { scoreOf } from '../../runtime/trust/index.ts'
import { NEW_AGENT_FACTS } from '../runtime/trust/new-agent.ts'

const NEW_AGENT = scoreOf(NEW_AGENT_FACTS)

test('the weights of trust are those that are printed', () => {
  const page = readFileSync('docs/trust.md', 'utf8')
  const printed = [...page.matchAll(/^\| `(\w+)` \| (0\.\d) \| .+ \|$/gm)].map(([, name, weight]) => [
    name,
    Number(weight),
  ])
  expect(printed).toEqual(NEW_AGENT.factors.map(({ name, weight }) => [name, weight]))
})

test('a new agent begins where the page says', () => {
  const [, score] = /A new agent therefore begins at (0\.\d+)/.exec(readFileSync('docs/trust.md', 'utf8')) ?? []
  expect(Number(score)).toBe(NEW_AGENT.score)
})

test('the scopes of project keys are those that are printed', () => {
  const page = readFileSync('docs/keys.md', 'utf8')
  const table = page.slice(page.indexOf('| scope |'), page.indexOf('No scope includes'))
  expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, scope]) => scope)).toEqual([...KEY_SCOPES])
})
