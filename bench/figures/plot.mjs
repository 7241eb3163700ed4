// docs/figures/decide.svg: a row for each workload, a dot for each contender, nanoseconds on a logarithmic axis. The colours are those of
// Okabe and Ito, and every contender has a shape of its own; it is read on light and on dark pages.
import { ABOUT, workloadsOf } from './decide.mjs'
import { time } from './markdown.mjs'

const WIDTH = 860
const LEFT = 250
const RIGHT = 24
const TOP = 64
const ROW = 30
const BOTTOM = 44
const SIZE = 5.5

/** In the order of the legend, the last drawn on top. */
const SERIES = [
  { name: 'Cedar', shape: 'square', light: '#0072b2', dark: '#56b4e9' },
  { name: 'casbin', shape: 'triangle', light: '#d55e00', dark: '#e8793a' },
  { name: 'casbin cached', shape: 'point', light: '#b8860b', dark: '#e6b800' },
  { name: 'CASL', shape: 'diamond', light: '#a0468a', dark: '#e08fc6' },
  { name: 'one Map.get', shape: 'cross', light: '#6e7781', dark: '#9aa4af' },
  { name: 'by hand', shape: 'ring', light: '#6e7781', dark: '#9aa4af' },
  { name: 'kavachos', shape: 'circle', light: '#007a5a', dark: '#00c896' },
]

/** Nothing measured, nothing drawn. */
export function plotDecide({ decide }) {
  const rows = toPoints(decide?.rows ?? [])
  const workloads = workloadsOf(rows)
  const height = TOP + workloads.length * ROW + BOTTOM
  const all = rows.map(({ ns }) => Math.log10(ns))
  const low = Math.floor(Math.min(2, ...all))
  const high = Math.ceil(Math.max(3, ...all))
  const x = (ns) => LEFT + ((Math.log10(ns) - low) / (high - low)) * (WIDTH - LEFT - RIGHT)
  const y = (workload) => TOP + (workloads.indexOf(workload) + 0.5) * ROW
  const end = TOP + workloads.length * ROW
  const powers = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">Time of one decision, by workload and engine</title>
<desc id="desc">${describe(rows, workloads)}</desc>
<style>
text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f }
.small { font-size: 12px; fill: #57606a }
.grid { stroke: #d0d7de; stroke-width: 1 }
.band { fill: #f6f8fa }
${SERIES.map(({ light }, i) => `.s${i} { fill: ${light}; stroke: ${light} }`).join('\n')}
.open { fill: none; stroke-width: 2 }
.full { stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.small { fill: #9da7b3 }
.grid { stroke: #3d444d }
.band { fill: #21262d; fill-opacity: 0.45 }
${SERIES.map(({ dark }, i) => `.s${i} { fill: ${dark}; stroke: ${dark} }`).join('\n')}
.open { fill: none }
.full { stroke: none }
}
</style>
${legend()}
${bands(workloads.length)}
${powers
  .map((ns) => {
    const at = n(x(ns))
    return `<line class="grid" x1="${at}" x2="${at}" y1="${TOP}" y2="${end}"/>\n<text class="small" x="${at}" y="${end + 18}" text-anchor="middle">${tick(ns)}</text>`
  })
  .join('\n')}
<text class="small" x="${n((LEFT + WIDTH - RIGHT) / 2)}" y="${end + 36}" text-anchor="middle">median time of one decision, less is better</text>
${workloads.map((workload) => `<text x="12" y="${n(y(workload) + 4.5)}"><tspan font-weight="600">${workload}</tspan> <tspan class="small">${plain(ABOUT[workload] ?? '')}</tspan></text>`).join('\n')}
${SERIES.flatMap(({ name, shape }, i) =>
  rows
    .filter(({ contender }) => contender === name)
    .map(({ workload, ns }) =>
      mark(shape, i, { x: x(ns), y: y(workload), title: `${name}, ${workload}: ${time(ns)}` }),
    ),
).join('\n')}
</svg>
`
}

/** Every other row has a ground. */
function bands(count) {
  const rows = Array.from({ length: Math.ceil(count / 2) }, (_, i) => TOP + 2 * i * ROW)
  return rows.map((y) => `<rect class="band" x="0" y="${y}" width="${WIDTH}" height="${ROW}"/>`).join('\n')
}

/** The faster of the hand-written programs is one point. */
function toPoints(rows) {
  const points = []
  for (const { workload, contender, medianNs } of rows) {
    if (medianNs === undefined) continue
    const name = contender === 'given' ? 'by hand' : contender
    const known = points.find((point) => point.workload === workload && point.contender === name)
    if (known === undefined) points.push({ workload, contender: name, ns: medianNs })
    else known.ns = Math.min(known.ns, medianNs)
  }
  return points.filter(({ contender }) => SERIES.some(({ name }) => name === contender))
}

function legend() {
  let at = 12
  const entries = []
  for (const [i, { name, shape }] of [...SERIES.entries()].reverse()) {
    entries.push(mark(shape, i, { x: at + 7, y: 26, title: name }), `<text x="${n(at + 19)}" y="30.5">${name}</text>`)
    at += 36 + name.length * 7.4
  }
  return entries.join('\n')
}

function mark(shape, series, { x, y, title }) {
  return `<g class="s${series}${shape === 'ring' || shape === 'cross' ? ' open' : ' full'}"><title>${title}</title>${SHAPES[shape](x, y)}</g>`
}

const SHAPES = {
  circle: (x, y) => `<circle cx="${n(x)}" cy="${n(y)}" r="${SIZE + 1}"/>`,
  ring: (x, y) => `<circle cx="${n(x)}" cy="${n(y)}" r="${SIZE}"/>`,
  square: (x, y) =>
    `<rect x="${n(x - SIZE + 0.5)}" y="${n(y - SIZE + 0.5)}" width="${2 * SIZE - 1}" height="${2 * SIZE - 1}"/>`,
  diamond: (x, y) => polygon([x, y - SIZE - 1], [x + SIZE + 1, y], [x, y + SIZE + 1], [x - SIZE - 1, y]),
  triangle: (x, y) => polygon([x, y - SIZE - 0.5], [x + SIZE + 0.5, y + SIZE - 0.5], [x - SIZE - 0.5, y + SIZE - 0.5]),
  point: (x, y) => polygon([x, y + SIZE + 0.5], [x + SIZE + 0.5, y - SIZE + 0.5], [x - SIZE - 0.5, y - SIZE + 0.5]),
  cross: (x, y) =>
    `<path d="M${n(x - SIZE + 1)} ${n(y - SIZE + 1)}L${n(x + SIZE - 1)} ${n(y + SIZE - 1)}M${n(x - SIZE + 1)} ${n(y + SIZE - 1)}L${n(x + SIZE - 1)} ${n(y - SIZE + 1)}"/>`,
}

function polygon(...points) {
  return `<polygon points="${points.map(([x, y]) => `${n(x)},${n(y)}`).join(' ')}"/>`
}

function describe(rows, workloads) {
  return workloads
    .map((workload) => {
      const parts = rows
        .filter((row) => row.workload === workload)
        .sort((a, b) => a.ns - b.ns)
        .map(({ contender, ns }) => `${contender} ${time(ns)}`)
      return `${workload}: ${parts.join(', ')}.`
    })
    .join(' ')
}

function tick(ns) {
  if (ns < 1e3) return `${ns} ns`
  return ns < 1e6 ? `${ns / 1e3} us` : `${ns / 1e6} ms`
}

function plain(text) {
  return text.replaceAll('`', '')
}

function n(value) {
  return String(Math.round(value * 10) / 10)
}
