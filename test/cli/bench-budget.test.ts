import { expect, test } from 'vitest'
import { type Asked, isSelected, measureOf, parseBudget } from '../../cli/bench-budget.ts'

const ASKED: Asked = { agent: 'triager', action: 'read', resource: 'mcp:github:issues', verdict: 'allow' }

test('a budget is a metric and a limit a line; comments and blank lines are passed over', () => {
  const { lines, faults } = parseBudget(
    '\ufeff# the team\n\ndecide.p99 <= 5us # as agreed\r\n  decide.p50<=2.5x map\nload <= 50 ms\nmodule <= 64kB\nmemory <= 8MiB\nverify <= 3µs\nimage <= 1.5 MB\ndecide.mean <= 3 x empty\n',
  )
  expect(faults).toEqual([])
  expect(lines.map(({ line, text, metric, limit }) => [line, text, metric, limit])).toEqual([
    [3, 'decide.p99 <= 5us', 'decide.p99', { kind: 'amount', amount: 5000 }],
    [4, 'decide.p50<=2.5x map', 'decide.p50', { kind: 'ratio', factor: 2.5, floor: 'map' }],
    [5, 'load <= 50 ms', 'load', { kind: 'amount', amount: 50e6 }],
    [6, 'module <= 64kB', 'module', { kind: 'amount', amount: 64_000 }],
    [7, 'memory <= 8MiB', 'memory', { kind: 'amount', amount: 8 * 1024 * 1024 }],
    [8, 'verify <= 3µs', 'verify', { kind: 'amount', amount: 3000 }],
    [9, 'image <= 1.5 MB', 'image', { kind: 'amount', amount: 1.5e6 }],
    [10, 'decide.mean <= 3 x empty', 'decide.mean', { kind: 'ratio', factor: 3, floor: 'empty' }],
  ])
})

test.each([
  ['agent = triager', true],
  ['agent = planner', false],
  ['agent = triager and action = read', true],
  ['agent = triager and action = write', false],
  ['resource = mcp:github:issues', true],
  ['resource = mcp:github:*', true],
  ['resource = mcp:**', true],
  ['resource = mcp:{github,wiki}:*', true],
  ['resource = mcp:wiki:**', false],
  ['verdict = allow', true],
  ['verdict = deny', false],
  ['agent = "triager"', true],
  ['agent = "a b # c"', false],
])('where %s selects the request: %s', (where, expected) => {
  const { lines, faults } = parseBudget(`decide.p99 where ${where} <= 5us`)
  expect(faults).toEqual([])
  expect(isSelected(lines[0]?.where, ASKED)).toBe(expected)
})

test('a selection is said in one way, however it was written', () => {
  const { lines } = parseBudget('decide.p99   where agent="triager"  and   resource = "mcp:**" <= 5us')
  expect(lines.map(measureOf)).toEqual(['decide.p99 where agent = triager and resource = mcp:**'])
})

const TIMES = 'ns, us, ms, s'
const ALL = 'decide.p50, decide.p99, decide.p999, decide.mean, load, verify, module, image, memory'
const DECIDE = 'decide.p50, decide.p99, decide.p999, decide.mean'

test.each([
  ['', 1, 'there is no budget in it', 'write a line such as `decide.p99 <= 5us`'],
  ['decide.p9 <= 5us', 1, 'there is no metric `decide.p9`', `did you mean \`decide.p99\`? there are ${ALL}`],
  ['latency <= 5us', 1, 'there is no metric `latency`', `there are ${ALL}`],
  [
    '  decide.p99 < 5us',
    14,
    '`<` cannot stand here',
    'a metric is followed by `<=` and its limit, or by `where`: `decide.p99 <= 5us`',
  ],
  [
    'decide.p99 wher agent = a <= 5us',
    12,
    '`wher` cannot stand here',
    'did you mean `where`? a metric is followed by `<=` and its limit, or by `where`: `decide.p99 <= 5us`',
  ],
  [
    'decide.p99',
    11,
    '`decide.p99` has no limit',
    'a metric is followed by `<=` and its limit, or by `where`: `decide.p99 <= 5us`',
  ],
  [
    'decide.p99 where agent = a',
    27,
    'there is no limit on this line',
    'end it with `<=` and a limit: `decide.p99 <= 5us`',
  ],
  [
    'decide.p99 where agnt = a <= 5us',
    18,
    'a request has no `agnt` to select by',
    'did you mean `agent`? there are agent, action, resource, verdict',
  ],
  ['decide.p99 where <= 5us', 18, 'a condition is missing', 'there are agent, action, resource, verdict'],
  ['decide.p99 where agent a <= 5us', 24, '`=` is missing behind `agent`', 'write a condition such as `agent = VALUE`'],
  ['decide.p99 where agent = <= 5us', 26, 'a value is missing behind `agent =`', 'a value with blanks is quoted'],
  [
    'decide.p99 where agent = a b <= 5us',
    28,
    '`b` cannot stand here',
    'conditions are joined by `and`; a value with blanks is quoted',
  ],
  [
    'decide.p99 where agent = "a <= 5us',
    26,
    'the quote is not closed',
    'quotes are those of JSON: `"a b"`, and `\\"` within',
  ],
  [
    'decide.p99 where agent = "\\q" <= 5us',
    26,
    '"\\q" is no quoted text',
    'quotes are those of JSON: a closing one, and `\\"` within',
  ],
  [
    'decide.p99 where verdict = allows <= 5us',
    28,
    '`allows` is no verdict',
    'did you mean `allow`? there are allow, throttle, approval, limited, deny',
  ],
  ['decide.p99 where resource = mcp::* <= 5us', 33, 'a segment is never empty', 'remove the extra `:`'],
  ['load where agent = a <= 5ms', 6, '`load` is the same for all requests', `\`where\` goes with ${DECIDE}`],
  ['load <= 2x map', 10, '`load` has no ratio to a floor', `give it a limit in ${TIMES}`],
  ['load <= 5kB', 10, '`kB` is no unit of `load`', `it is a time: ${TIMES}`],
  ['module <= 5KB', 12, '`KB` is no unit of `module`', 'did you mean `kB`? it is a size: B, kB, MB, KiB, MiB'],
  ['decide.p99 <= 5', 16, 'the limit of `decide.p99` has no unit', `it is a time: ${TIMES}`],
  ['decide.p99 <=', 14, 'the limit is missing', `a limit is a number with ${TIMES}, or \`2x map\``],
  ['decide.p99 <= -5us', 15, '`-5us` is no limit', `a limit is a number with ${TIMES}, or \`2x map\``],
  ['decide.p99 <= 5us 6us', 19, '`6us` cannot stand behind a limit', 'a line has one limit; `#` begins a comment'],
  [
    'decide.p99 <= 2x mop',
    18,
    'there is no floor `mop`',
    'did you mean `map`? there are `map`, a look-up in a map, and `empty`, an empty call of the module',
  ],
  [
    'decide.p99 <= 2x',
    17,
    'the floor of the ratio is missing',
    'there are `map`, a look-up in a map, and `empty`, an empty call of the module',
  ],
])('%j is refused with its place and a remedy', (text, column, message, help) => {
  expect(parseBudget(text)).toEqual({ lines: [], faults: [{ line: 1, column, message, help }] })
})

test('every line that is wrong is named, and one that says the same again', () => {
  const { lines, faults } = parseBudget(
    'decide.p99 <= 5us\nnothing\ndecide.p99 <= 6us\ndecide.p99 <= 9x map\ndecide.p99 where agent = a <= 6us\nload',
  )
  expect(lines.map(({ line }) => line)).toEqual([1, 4, 5])
  expect(faults.map(({ line, column, message }) => [line, column, message])).toEqual([
    [2, 1, 'there is no metric `nothing`'],
    [3, 1, '`decide.p99` has a limit already, on line 1'],
    [6, 5, '`load` has no limit'],
  ])
})
