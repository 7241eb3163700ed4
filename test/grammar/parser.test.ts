import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Diagnostic, parsePolicy, printPolicy, renderDiagnostics, SYNTAX_CODES } from '../../grammar/index.ts'
import { Random } from '../properties/generate/random.ts'
import { generatePolicy } from './generate-policy.ts'
import { parseSound } from './outline.ts'

describe('a file', () => {
  test('holds header, declarations in the order of the text, and comments', () => {
    const text = '// c\npolicy p generation 2\nset s = cidr [::1]\nrole r { }\n'
    const file = parseSound(text)
    expect(file.path).toBe('p.kavach')
    expect(file.text).toBe(text)
    expect(file.header).toEqual({
      kind: 'policy',
      start: 5,
      end: 26,
      name: { start: 12, end: 13, text: 'p' },
      generation: { kind: 'int', start: 25, end: 26, value: 2n },
    })
    expect(file.declarations.map(({ kind, start, end }) => [kind, start, end])).toEqual([
      ['set', 27, 45],
      ['role', 46, 56],
    ])
    expect(file.comments).toEqual([{ start: 0, end: 4 }])
  })

  test('without text is empty', () => {
    expect(parsePolicy('p', '')).toEqual({
      file: { kind: 'file', path: 'p', text: '', header: undefined, declarations: [], comments: [], broken: [] },
      diagnostics: [],
    })
  })

  test('needs no line ends', () => {
    expect(
      parseSound('policy p role r { allow read on x } forbid * on ** set s = cidr [::1]').declarations.length,
    ).toBe(3)
  })

  test('is broken exactly when it has an error', () => {
    const texts = [
      'policy p',
      'polcy p',
      'policy a policy b',
      '\ufeffpolicy p',
      '// \u200b',
      'catalog c from "раypal"',
      'forbid\n'.repeat(200),
    ]
    for (const text of texts) {
      const { file, diagnostics } = parsePolicy('p', text)
      expect(file.broken.length > 0).toBe(diagnostics.some(({ severity }) => severity === 'error'))
    }
  })

  test('keeps the sound statements beside the broken ones', () => {
    const { file } = parsePolicy('p', 'role a { }\nrole b { alow }\nrole c { }\n')
    expect(file.declarations.map((node) => node.kind === 'role' && node.name.text)).toEqual(['a', 'c'])
  })
})

describe('spans', () => {
  test('of every node lie in the node around them', () => {
    fc.assert(
      fc.property(fc.noShrink(fc.integer()), (seed) => {
        const { text, header, declarations } = parseSound(generatePolicy(new Random(seed), 8))
        const around = { start: 0, end: text.length }
        for (const node of [header, ...declarations]) checkSpans(node, around, text)
      }),
      { numRuns: 300 },
    )
  })

  function checkSpans(node: unknown, around: { start: number; end: number }, text: string): void {
    if (typeof node !== 'object' || node === null) return
    let inner = around
    if ('start' in node && 'end' in node && typeof node.start === 'number' && typeof node.end === 'number') {
      inner = { start: node.start, end: node.end }
      expect(inner.start).toBeGreaterThanOrEqual(around.start)
      expect(inner.end).toBeLessThanOrEqual(around.end)
      expect(inner.start).toBeLessThan(inner.end)
      expect(text.slice(inner.start, inner.end)).toMatch(/^\S[\s\S]*\S$|^\S$/u)
    }
    // Literal values have ranges of their own kind: of addresses, days and code points.
    for (const [key, child] of Object.entries(node))
      if (key !== 'value' || 'kind' in node) checkSpans(child, isLiteral(node) ? around : inner, text)
  }

  function isLiteral(node: object): boolean {
    return 'text' in node && 'value' in node
  }
})

describe('any text at all', () => {
  /** What must hold of a text, whatever it is. */
  function check(text: string): readonly Diagnostic[] {
    const { file, diagnostics } = timed(text)
    for (const { code, span, message, help, label, secondary, fix } of diagnostics) {
      const edits = fix?.edits ?? []
      for (const { start, end } of [
        span,
        ...(secondary ?? []).map((item) => item.span),
        ...edits.map((edit) => edit.span),
      ]) {
        if (!(start >= 0 && start <= end && end <= text.length))
          throw new Error(`${code} ${start}-${end} of ${text.length}`)
      }
      expect(code in SYNTAX_CODES || code.startsWith('KV02')).toBe(true)
      expect(`${message} ${label ?? ''} ${help ?? ''}`).not.toMatch(
        /Expecting|NoViableAlt|Redundant input|but found|undefined|\[object/,
      )
      expect(message.length).toBeLessThan(500)
    }
    expect(file.broken.length > 0).toBe(diagnostics.some(({ severity }) => severity === 'error'))
    renderDiagnostics(diagnostics, new Map([['p', text]]), 'text')
    if (file.broken.length === 0) printPolicy(file)
    return diagnostics
  }

  /** Another process may take the processor away, so a slow text gets a second and a third chance. */
  function timed(text: string): ReturnType<typeof parsePolicy> {
    for (let chance = 1; ; chance++) {
      const before = performance.now()
      const parsed = parsePolicy('p', text)
      const ms = performance.now() - before
      if (ms < 100) return parsed
      if (chance === 3) throw new Error(`${ms} ms for ${JSON.stringify(text.slice(0, 2000))}`)
    }
  }

  test('of random characters gives diagnostics', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void check(text)),
      { numRuns: 1000 },
    )
    const units = fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 100 })
      .map((list) => String.fromCharCode(...list))
    fc.assert(
      fc.property(units, (text) => void check(text)),
      { numRuns: 1000 },
    )
  })

  const SCRAPS = [
    '{', '}', '[', ']', ',', '"', '/', '//', '\n', ' ', '*', '**', ':', '.', '-', '->', '=', '<=', '%', '\\', '\0', '\ufeff', '\u202e', '\ud800',
    'policy', 'role', 'autonomous agent', 'delegate', 'boundary runtime', 'forbid', 'require', 'limit', 'assert', 'test', 'allow', 'on', 'when',
    'needs approval', 'rate', 'budget', 'per', 'minute', 'USD', 'each', 'within', 'ip in', 'time in', 'args', 'only', 'matches', 'cidr [',
    'hours mon-fri', '09:00-18:00', '10.0.0.0/8', '/re/', '"text"', '5', '0.5', 'a:b', 'with {', '{ a: 1 }', 'é', '😀',
  ] // biome-ignore format: a list reads best as a block

  test('of pieces of the language gives diagnostics', () => {
    const soup = fc.array(fc.tuple(fc.constantFrom(...SCRAPS), fc.constantFrom('', ' ', '\n')), { maxLength: 60 })
    fc.assert(
      fc.property(soup, (parts) => void check(parts.flat().join(''))),
      { numRuns: 1000 },
    )
  })

  test('that was a policy before it was damaged gives diagnostics', () => {
    const seeds = fc.noShrink(fc.integer())
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed)
        let text = generatePolicy(random, 6)
        for (let damage = random.between(1, 4); damage > 0; damage--) text = spoil(random, text)
        check(text)
      }),
      { numRuns: 1000 },
    )
  })

  function spoil(random: Random, text: string): string {
    const from = random.below(text.length + 1)
    const to = Math.min(text.length, from + random.pick([0, 1, 1, 3, 20]))
    const put = random.pick([
      '',
      '',
      random.pick(SCRAPS),
      text.slice(to, to + random.below(30)),
      String.fromCharCode(random.below(0x10000)),
    ])
    return text.slice(0, from) + put + text.slice(to)
  }

  test('of this project cut off anywhere gives diagnostics', () => {
    const name = readdirSync('policies/acme').filter((entry) => entry.endsWith('.kavach'))
    for (const text of name.map((entry) => readFileSync(`policies/acme/${entry}`, 'utf8'))) {
      for (let end = 0; end < text.length; end += 17) check(text.slice(0, end))
    }
  })

  const HOSTILE: Readonly<Record<string, string>> = {
    'a million opening braces': '{'.repeat(1e6),
    'a million quotes': '"'.repeat(1e6),
    'a million slashes': '/ '.repeat(5e5),
    'a million escapes': '\\/'.repeat(5e5),
    'a million NULs': '\0'.repeat(1e6),
    'a million carriage returns': '\r'.repeat(1e6),
    'a million lone surrogates': '\ud800'.repeat(1e6),
    'a million marks': `e${'\u0301'.repeat(1e6)}`,
    'a million look-alikes': `"${'рay'.repeat(3e5)}"`,
    'a million bidi controls': '\u202e'.repeat(1e6),
    'a hundred thousand broken statements': 'forbid\n'.repeat(1e5),
    'a hundred thousand open blocks': 'role x {\n'.repeat(1e5),
    'JSON that is nested a million times': `test "t" as a { allow r on a with ${'['.repeat(1e6)}`,
    'a pattern of a million segments': `forbid * on ${'a:'.repeat(5e5)}`,
    'a pattern of a million alternatives': `forbid * on {${'a,'.repeat(5e5)}a}`,
    'a regex of a million groups': `set s = regex /${'('.repeat(1e6)}/`,
    'a regex of thirty thousand groups': `set s = regex /${'('.repeat(30_000)}${')'.repeat(30_000)}/`,
    'a number of a million digits': `limit rate ${'9'.repeat(1e6)} per day for * on **`,
    'an address of a million parts': `set s = cidr [${'1.'.repeat(5e5)}]`,
    'hours of a million digits': `set s = hours mon ${'1'.repeat(1e6)}-2`,
    'a name of a million letters': `policy ${'a-'.repeat(5e5)}`,
    'a million blanks': `${' '.repeat(1e6)}x`,
  }
  for (const [claim, text] of Object.entries(HOSTILE)) {
    test(`${claim} are refused, and soon`, { timeout: 20_000 }, () => {
      const before = performance.now()
      const { file, diagnostics } = parsePolicy('p', text)
      expect(performance.now() - before).toBeLessThan(5000)
      expect(file.broken.length).toBeGreaterThan(0)
      expect(diagnostics.length).toBeLessThanOrEqual(201)
      for (const { span } of diagnostics)
        expect(span.start >= 0 && span.start <= span.end && span.end <= text.length).toBe(true)
      expect(renderDiagnostics(diagnostics, new Map([['p', text]]), 'text').length).toBeLessThan(400_000)
    })
  }
})

test('two thousand lines are read in less than 50 ms by a warm parser', () => {
  const agent = (index: number): string =>
    `autonomous agent agent_${index} {\n  owner "team-${index}"\n  allow read, write on mcp:github:repo-${index}:*, mcp:wiki:**\n    when ip in office and args.path matches /[a-z]+/ and args.n <= 1_000\n    rate 60 per minute, 2_000 per day\n}\n`
  const text = Array.from({ length: 334 }, (_, index) => agent(index)).join('')
  expect(text.split('\n').length).toBeGreaterThan(2000)
  const times = Array.from({ length: 30 }, () => {
    const before = performance.now()
    expect(parsePolicy('p', text).diagnostics).toEqual([])
    return performance.now() - before
  })
  // The least of many, because other tests run beside this one.
  expect(Math.min(...times)).toBeLessThan(50)
})

test('a statement reports its first fault only', () => {
  fc.assert(
    fc.property(fc.noShrink(fc.integer()), (seed) => {
      const random = new Random(seed)
      const words = Array.from({ length: random.between(1, 8) }, () =>
        random.pick(['banana', '5', '"x"', '[', ',', 'on', '*', '::']),
      )
      expect(parsePolicy('p', `forbid [ ${words.join(' ')}\nset s = cidr [::1]\n`).diagnostics.length).toBe(1)
    }),
  )
})

test('the grammar itself passes the checks of the parser generator', async () => {
  const { StatementRules } = await import('../../grammar/rules/statement-rules.ts')
  expect(() => new StatementRules(true)).not.toThrow()
})
