/**
 * Policies whose one assertion takes more work than a question may have. Each is right to be *unknown*: what would decide it
 * grows exponentially with its rules, and no shortcut is known to the procedure. When one of them is decided, the procedure
 * has become better: make that one harder.
 */

export interface Adversary {
  readonly name: string
  readonly text: string
}

const HOURS = range(6)
  .map((n) => `set h${n} = hours ${['mon-fri', 'sat', 'sun', 'tue', 'daily', 'wed-sat'][n]} 0${n}:00-1${n}:30\n`)
  .join('')

export const ADVERSARIES: readonly Adversary[] = [
  {
    name: 'stars around letters, whose differences remember every one of them',
    text: against(
      range(26).map((n) => `forbid read on *${letter(n)}*${letter(n + 9)}*${letter(n + 17)}*`),
      {
        grant: 'allow read on *a*',
      },
    ),
  },
  {
    name: 'stars around pairs of letters in two segments',
    text: against(
      range(24).map((n) => `forbid read on *${letter(n)}${letter(n + 5)}*:*${letter(n + 11)}${letter(n + 3)}*`),
      { grant: 'allow read on *:*' },
    ),
  },
  {
    name: 'stars behind a rest, at many places of a segment',
    text: against(
      range(30).map((n) => `forbid read on *${letter(n)}${'*x'.repeat(1 + (n % 7))}*${letter(n + 1)}`),
      {
        grant: 'allow read on *y*',
      },
    ),
  },
  {
    name: 'lengths that share no divisor',
    text: asked(
      `autonomous agent a { allow read on x when ${[7, 11, 13, 17, 19, 23, 29]
        .map((n) => `args.t matches /(a{${n}})*a/`)
        .join(' and ')} }`,
      'never a can read on x',
    ),
  },
  {
    name: 'different letters some places before the end',
    text: asked(
      `autonomous agent a { allow read on x when ${range(6)
        .map((n) => `args.t matches /[a-f]*[${letter(n)}${letter((n + 1) % 6)}][a-f]{${9 - n}}[a-c${letter(n)}]*/`)
        .join(' and ')} }`,
      'never a can read on x',
    ),
  },
  {
    name: 'words in any order',
    text: asked(
      `autonomous agent a { allow read on x when ${range(14)
        .map((n) => `args.t matches /.*${letter(n)}${letter(n + 7)}${letter(n + 3)}.*/`)
        .join(' and ')} and len.t <= 12 }`,
      'never a can read on x',
    ),
  },
  { name: 'overlapping grants over numbers', text: overlapping(40, 10, (k, n) => half(`args.n${k}`, n)) },
  {
    name: 'overlapping grants over nested arguments',
    text: overlapping(40, 10, (k, n) => half(`args.${nested(k)}`, n)),
  },
  {
    name: 'overlapping grants over lengths of texts',
    text: overlapping(40, 10, (k, n) => half(`len.t${k}`, n)),
  },
  {
    name: 'overlapping grants over networks, hours and numbers',
    text: overlapping(60, 9, (k, n) => {
      switch (k % 9) {
        case 0:
          return `ip in cidr [${10 + (n % 5)}.0.0.0/8, ${20 + (n % 7)}.0.0.0/8, 2001:db8:${n}::/48]`
        case 1:
          return `time in h${n % 6}`
        case 2:
          return half('trust', n)
        case 3:
          return half('cost', n)
        case 4:
          return `args.net in cidr [10.${n % 9}.0.0/16, 10.${(n * 3) % 11}.0.0/16]`
        case 5:
          return `args.at in h${(n + 2) % 6}`
        default:
          return half(`args.k${k}`, n)
      }
    }),
  },
  {
    name: 'overlapping grants over texts that are listed',
    text: overlapping(40, 10, (k, n) => {
      const words = range(5).map((i) => `"${letter(n * 3 + i * 5 + k)}"`)
      return `${n % 2 === 0 ? 'not ' : ''}args.w${k} in [${words.join(', ')}]`
    }),
  },
  {
    name: 'overlapping grants over names of arguments',
    text: overlapping(60, 9, (k, n) => {
      if (k === 0) return `args only [${listed(n, 5)}]`
      return k === 1 ? `not args only [${listed(n + 3, 2)}]` : half(`args.k${k}`, n)
    }),
  },
  {
    name: 'overlapping grants over texts that match',
    text: overlapping(40, 10, (k, n) =>
      k < 4
        ? `${n % 2 === 0 ? 'not ' : ''}args.r${k} matches /${letter(n)}+[a-m]{${1 + (n % 5)}}.*/`
        : half(`args.n${k}`, n),
    ),
  },
  { name: 'forbids of three facts each, hundreds of them', text: forbidding(300, 3, false) },
  { name: 'forbids of four facts each with an exception', text: forbidding(200, 4, true) },
  {
    name: 'a delegation of everybody to everybody',
    text: asked(`${dense(40)}`, 'never p0 can read on secret'),
  },
  {
    name: 'a delegation of everybody to everybody, with a boundary that asks for owners',
    text: asked(
      `${dense(30)}boundary runtime { allow write on ** when agent.owner = "ann" may delegate depth 5 }`,
      'never p0, p1, p2 can read on secret',
    ),
  },
  {
    name: 'a chain of five hops with many approvals each',
    text: asked(
      hops(5, 20, (hop, n) => `allow read on ** needs approval by "boss-${hop}-${n}"`),
      'never p5 can read on secret',
    ),
  },
  {
    name: 'a chain of five hops with many arguments each',
    text: asked(
      hops(5, 20, (hop, n) => `allow read on ** when args.h${hop} = ${n}`),
      'never p5 can read on secret',
    ),
  },
  {
    name: 'a boundary of many corners, against what one agent holds',
    text: asked(
      `${HOURS}autonomous agent inner { allow read on x }\n${range(120)
        .map(
          (n) =>
            `forbid read on x when ${range(3)
              .map((k) => half(`args.n${(n + k * 7) % 14}`, n + k))
              .join(' and ')}`,
        )
        .join('\n')}\nboundary runtime { allow read on x may delegate depth 2 }`,
      'never runtime can read on x',
    ),
  },
]

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, n) => n)
}

function letter(n: number): string {
  return String.fromCharCode(97 + (n % 26))
}

function asked(rules: string, assertion: string): string {
  return `policy p\n${rules}\nassert ${assertion}\n`
}

function against(forbids: readonly string[], { grant }: { readonly grant: string }): string {
  return asked(`autonomous agent a { ${grant} }\n${forbids.join('\n')}`, 'never a can read on **')
}

function half(fact: string, n: number): string {
  const at = (n * 37) % 101
  return (n * 13) % 3 === 0 ? `${fact} <= ${at}` : (n * 13) % 3 === 1 ? `${fact} >= ${at}` : `not ${fact} = ${at}`
}

function nested(k: number): string {
  return range(1 + (k % 5))
    .map((n) => `o${k}_${n}`)
    .join('.')
}

/** What one agent holds, against many grants that each cut a corner of it off. */
function overlapping(grants: number, facts: number, atom: (fact: number, grant: number) => string): string {
  const held = range(grants).map(
    (n) =>
      `  allow read on x when ${range(facts)
        .map((k) => atom(k, n * facts + k * 17 + n))
        .join(' and ')}`,
  )
  return asked(
    `${HOURS}autonomous agent inner { allow read on x }\nautonomous agent outer {\n${held.join('\n')}\n}`,
    'inner within outer',
  )
}

/** Names of arguments that the conditions of `overlapping` ask for, and some more. */
function listed(n: number, share: number): string {
  const more = range(20).filter((i) => (i * 7 + n * 5) % 11 < share)
  return [...range(9).map((k) => `k${k}`), ...more.map((i) => `m${i}`)].join(', ')
}

function forbidding(count: number, facts: number, hasException: boolean): string {
  const forbids = range(count).map((n) => {
    const atoms = range(facts).map((k) => half(`args.n${(n * 7 + k * 5) % 12}`, n * 5 + k * 3))
    const unless = hasException ? ` unless args.e${n % 9} = ${n}` : ''
    return `forbid read on x when ${atoms.join(' and ')}${unless}`
  })
  return asked(`autonomous agent a { allow read on x }\n${forbids.join('\n')}`, 'never a can read on x')
}

function dense(count: number): string {
  const names = range(count).map((n) => `p${n}`)
  const agents = names.map((name) => `autonomous agent ${name} { allow write on ** may delegate depth 5 }\n`)
  const pairs = names.flatMap((from) =>
    names.filter((to) => to !== from).map((to) => `delegate ${from} -> ${to} { allow write on ** depth 5 }\n`),
  )
  return [...agents, ...pairs].join('')
}

function hops(count: number, grants: number, grant: (hop: number, n: number) => string): string {
  const members = (hop: number) =>
    range(grants)
      .map((n) => `  ${grant(hop, n)}\n`)
      .join('')
  const agents = range(count + 1).map(
    (n) => `autonomous agent p${n} {\n${n === 0 ? members(0) : ''}  may delegate depth 5\n}\n`,
  )
  const pairs = range(count).map((n) => `delegate p${n} -> p${n + 1} {\n${members(n + 1)}  depth ${count - n - 1}\n}\n`)
  return `${[...agents, ...pairs].join('')}forbid * on secret when trust <= 50\nforbid * on secret when not trust <= 50\n`
}
