// `npm run bench:scale`: large policies, from text and through the model API. Fails when an image takes more than its
// bytes a grant, or when a decision among 100,000 agents takes more than three times one among ten.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeMachine } from './machine.mjs'
import { printTable } from './table.mjs'

const MAX_BYTES_PER_GRANT = 32
const MAX_GROWTH = 3
const SIZES = [10, 100, 1000, 10_000, 100_000]
const GRANTS = 10
const ROUNDS = 3

const child = join(dirname(fileURLToPath(import.meta.url)), 'scale-child.mjs')
const measure = (from, agents) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [child, from, String(agents), String(GRANTS)], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${agents} agents from ${from}: ${stderr.trim().split('\n').slice(-8).join('\n')}`)
  return JSON.parse(stdout)
}

console.log(
  `${describeMachine()}; each size in a process of its own, decisions: median of ${ROUNDS} processes by turns\n`,
)
const text = measure('text', 10_000)
const runs = new Map(SIZES.map((agents) => [agents, []]))
for (let round = 0; round < ROUNDS; round++) for (const agents of SIZES) runs.get(agents).push(measure('model', agents))
const models = SIZES.map((agents) => {
  const found = runs.get(agents).sort((a, b) => a.decideNs.median - b.decideNs.median)
  return found[found.length >> 1]
})

printTable(
  [
    'agents x grants',
    'from',
    'text',
    'make',
    'emit',
    'splice',
    'load',
    'decide',
    'min',
    'max',
    'image',
    'a grant',
    'peak',
  ],
  [...models, text].map((row) => [
    `${row.agents.toLocaleString('en')} x ${row.grants / row.agents}`,
    row.from,
    row.textBytes === undefined ? '' : `${(row.textBytes / 1e6).toFixed(1)} MB`,
    ms(row.times.build ?? row.times['parse and check']),
    ms(row.times.emit),
    ms(row.times.splice),
    ms(row.times.load),
    `${Math.round(row.decideNs.median)} ns`,
    `${Math.round(row.decideNs.min)} ns`,
    `${Math.round(row.decideNs.max)} ns`,
    `${(row.imageBytes / 1e6).toFixed(2)} MB`,
    `${row.bytesPerGrant.toFixed(1)} B`,
    `${Math.round(row.peakBytes / 1e6)} MB`,
  ]),
)
const growth = models.at(-1).decideNs.median / models[0].decideNs.median
const large = [...models, text].filter(({ agents }) => agents >= 10_000)
const widest = Math.max(...large.map(({ bytesPerGrant }) => bytesPerGrant))
console.log(`\ndecision among 100,000 agents against one among 10: ${growth.toFixed(2)}x, at most ${MAX_GROWTH}x`)
console.log(`image from 10,000 agents on: ${widest.toFixed(1)} bytes a grant, at most ${MAX_BYTES_PER_GRANT}`)
process.exit(growth > MAX_GROWTH || widest > MAX_BYTES_PER_GRANT ? 1 : 0)

function ms(value) {
  return `${Math.round(value)} ms`
}
