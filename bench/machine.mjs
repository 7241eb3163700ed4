// What a number was measured on.
import { readFileSync } from 'node:fs'
import { cpus, loadavg, platform, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** What others did here in the minute before: as many as there are processors leave nothing to measure with. */
const [loadBefore] = loadavg()

/** Nothing, or how busy the machine was before anything was measured. */
export function busyBefore() {
  return loadBefore > cpus().length / 2 ? Math.round(loadBefore * 10) / 10 : undefined
}

/** A line for people. */
export function describeBusy(load) {
  return `The machine was busy with something else (load ${load}), which makes all figures worse and ratios uncertain.`
}

export function machine() {
  const processors = cpus()
  return {
    processors: processors.length,
    model: processors[0]?.model.trim() ?? 'unknown processor',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
  }
}

/** A line for people. */
export function describeMachine({ processors, model, memoryGib, system, node } = machine()) {
  return `${processors} x ${model}, ${memoryGib} GiB, ${system}, Node ${node}`
}

/** Version of each package, as it is installed here; `kavachos` is this one. */
export function versionsOf(names) {
  return Object.fromEntries(names.map((name) => [name, versionOf(name)]))
}

/** A line for people. */
export function describeVersions(versions) {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

function versionOf(name) {
  const folder = name === 'kavachos' ? root : join(root, 'node_modules', name)
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
}
