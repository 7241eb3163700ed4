// Node, Bun and Deno: asks the built door the questions in a folder, and prints the report as JSON.
import { readFileSync } from 'node:fs'
import * as door from 'kavachos/engine'
import { askEverything } from './runner.mjs'

const [folder] = process.argv.slice(2)
const read = (path) => new Uint8Array(readFileSync(path))
const engine = new WebAssembly.Module(read(new URL(import.meta.resolve('kavachos/engine.wasm'))))
const policy = new WebAssembly.Module(read(`${folder}/policy.wasm`))
const report = await askEverything(door, read(`${folder}/questions.json.gz`), { engine, policy })
const { deno, bun, node } = process.versions
const runtime = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`
console.log(JSON.stringify({ runtime, ...report }))
