/**
 * Policies whose one assertion takes more work than a question may have. Each is right to be *unknown*: what would decide it
 * grows exponentially with its rules, and no shortcut is known to the procedure. When one of them is decided, the procedure
 * has become better: make that one harder.
 */

const HOLES = 7
const HOURS = range(6)
  .map((n) => `set h${n} = hours ${['mon-fri', 'sat', 'sun', 'tue', 'daily', 'wed-sat'][n]} 0${n}:00-1${n}:30\n`)
  .join('')

export const ADVERSARIES = [
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
  {
    name: 'pigeonholes of numbers',
    text: pigeonholes((v) => ({ yes: `args.n${v} <= 5`, no: `not args.n${v} <= 5`, known: `args.n${v} <= 100` })),
  },
  {
    name: 'pigeonholes of nested arguments',
    text: pigeonholes((v) => {
      const fact = `args.${nested(v)}`
      return { yes: `${fact} = "in"`, no: `not ${fact} = "in"`, known: `not ${fact} = "never"` }
    }),
  },
  {
    name: 'pigeonholes of lengths of texts',
    text: pigeonholes((v) => ({ yes: `len.t${v} <= 5`, no: `not len.t${v} <= 5`, known: `len.t${v} <= 100` })),
  },
  {
    name: 'pigeonholes of networks',
    text: pigeonholes((v) => {
      const fact = `args.i${v}`
      const [yes, known] = [`${fact} in cidr [10.0.0.0/8]`, `${fact} in cidr [0.0.0.0/0]`]
      return { yes, no: `not ${yes}`, known }
    }),
  },
  {
    name: 'pigeonholes of hours',
    text: pigeonholes((v) => {
      const [yes, known] = [`args.at${v} in h0`, `args.at${v} in hours daily 00:00-24:00`]
      return { yes, no: `not ${yes}`, known }
    }),
  },
  {
    name: 'pigeonholes of texts that are listed',
    text: pigeonholes((v) => {
      const yes = `args.w${v} in ["${letter(v)}", "${letter(v + 1)}"]`
      return { yes, no: `not ${yes}`, known: `not args.w${v} = "never"` }
    }),
  },
  {
    name: 'pigeonholes of texts that match',
    text: pigeonholes((v) => {
      const yes = `args.r${v} matches /${letter(v)}+[a-m]{${1 + (v % 5)}}.*/`
      return { yes, no: `not ${yes}`, known: `not args.r${v} = "never"` }
    }),
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

function range(length) {
  return Array.from({ length }, (_, n) => n)
}

function letter(n) {
  return String.fromCharCode(97 + (n % 26))
}

function asked(rules, assertion) {
  return `policy p\n${rules}\nassert ${assertion}\n`
}

function against(forbids, { grant }) {
  return asked(`autonomous agent a { ${grant} }\n${forbids.join('\n')}`, 'never a can read on **')
}

function half(fact, n) {
  const at = (n * 37) % 101
  return (n * 13) % 3 === 0 ? `${fact} <= ${at}` : (n * 13) % 3 === 1 ? `${fact} >= ${at}` : `not ${fact} = ${at}`
}

function nested(k) {
  return range(1 + (k % 5))
    .map((n) => `o${k}_${n}`)
    .join('.')
}

/**
 * Eight pigeons have no seven holes to themselves: one grant for each pigeon that sits nowhere, one for each two that share.
 * Together they cover every call, and whoever only takes cases apart sees exponentially many of them.
 *
 * @see A. Haken, The intractability of resolution, 1985
 */
function pigeonholes(coin) {
  const sits = (pigeon, hole) => coin(pigeon * HOLES + hole)
  const pigeons = range(HOLES + 1)
  const nowhere = pigeons.map((pigeon) => range(HOLES).map((hole) => sits(pigeon, hole).no))
  const shared = range(HOLES).flatMap((hole) =>
    pigeons.flatMap((a) => pigeons.filter((b) => b > a).map((b) => [sits(a, hole).yes, sits(b, hole).yes])),
  )
  const known = pigeons.flatMap((pigeon) => range(HOLES).map((hole) => sits(pigeon, hole).known))
  const held = [...nowhere, ...shared].map((atoms) => `  allow read on x when ${atoms.join(' and ')}`)
  return asked(
    `${HOURS}autonomous agent inner { allow read on x when ${known.join(' and ')} }\nautonomous agent outer {\n${held.join('\n')}\n}`,
    'inner within outer',
  )
}

function forbidding(count, facts, hasException) {
  const forbids = range(count).map((n) => {
    const atoms = range(facts).map((k) => half(`args.n${(n * 7 + k * 5) % 12}`, n * 5 + k * 3))
    const unless = hasException ? ` unless args.e${n % 9} = ${n}` : ''
    return `forbid read on x when ${atoms.join(' and ')}${unless}`
  })
  return asked(`autonomous agent a { allow read on x }\n${forbids.join('\n')}`, 'never a can read on x')
}

function dense(count) {
  const names = range(count).map((n) => `p${n}`)
  const agents = names.map((name) => `autonomous agent ${name} { allow write on ** may delegate depth 5 }\n`)
  const pairs = names.flatMap((from) =>
    names.filter((to) => to !== from).map((to) => `delegate ${from} -> ${to} { allow write on ** depth 5 }\n`),
  )
  return [...agents, ...pairs].join('')
}

function hops(count, grants, grant) {
  const members = (hop) =>
    range(grants)
      .map((n) => `  ${grant(hop, n)}\n`)
      .join('')
  const agents = range(count + 1).map(
    (n) => `autonomous agent p${n} {\n${n === 0 ? members(0) : ''}  may delegate depth 5\n}\n`,
  )
  const pairs = range(count).map((n) => `delegate p${n} -> p${n + 1} {\n${members(n + 1)}  depth ${count - n - 1}\n}\n`)
  return `${[...agents, ...pairs].join('')}forbid * on secret when trust <= 50\nforbid * on secret when not trust <= 50\n`
}
