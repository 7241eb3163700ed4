// What a number was measured on.
import { readFileSync } from 'node:fs'
import { cpus, platform, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Processors that others may keep busy: a desktop at rest takes less. */
const MOST_LOAD = 0.5

/** Nothing, or the load that others made when it was more than figures stand. */
export function busyWith(load) {
  return load > MOST_LOAD ? Math.round(load * 10) / 10 : undefined
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
