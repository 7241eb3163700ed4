import { expect, test } from 'vitest'
import { loadPolicySource } from '../../cli/policy-source.ts'
import { renderReplay } from '../../cli/replay-report.ts'
import { createTally } from '../../cli/replay-tally.ts'
import { parseDecisionLine } from '../../compiler/model/index.ts'
import { folderOf } from './command.ts'
import { machineIn } from './machine.ts'

test('more than fifty kinds of a change are cut, but for JSON', async () => {
  const cwd = folderOf({ 'p.kavach': 'policy p\nautonomous agent a { allow read on x }\n' })
  const source = await loadPolicySource(machineIn(cwd).terminal, 'p.kavach')
  const engine = source.start()
  const tally = createTally()
  for (let index = 0; index < 60; index++) {
    const parsed = parseDecisionLine(
      JSON.stringify({ agent: 'a', action: `act${index}`, resource: `r${'x'.repeat(200)}`, verdict: 'allow' }),
    )
    if (!parsed.ok) throw new Error(parsed.fault)
    const { row } = parsed
    tally.add(index + 1, row, engine.decide(row.request), { kind: 'changed', change: 'lost-access' })
  }
  const report = { log: 'log', source, policy: engine.policy, tally: tally.result() }
  const text = renderReplay(report, 'text')
  expect(text).toContain('lost access: 60 rows, allowed then, not now\n')
  expect(text).toContain('\n  and 10 more like these; `--format json` lists them\n')
  expect(text.split('\n').filter((line) => line.includes('  a  act')).length).toBe(50)
  expect(text).toContain('...\n')
  const markdown = renderReplay(report, 'markdown')
  expect(markdown).toContain('\nand 10 more like these; `--format json` lists them\n')
  expect(markdown.split('\n').filter((line) => line.startsWith('| 1 |')).length).toBe(50)
  const json: unknown = JSON.parse(renderReplay(report, 'json'))
  expect(json).toMatchObject({ lostAccess: 60, changes: { length: 60 } })
})
