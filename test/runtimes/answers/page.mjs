// A page: asks the door the questions that its server holds. The test takes the report from the promise.
import * as door from 'kavachos/engine'
import { askEverything } from './runner.mjs'

const compile = (path) => WebAssembly.compileStreaming(fetch(path))

globalThis.report = (async () => {
  const [engine, policy] = await Promise.all(['engine.wasm', 'policy.wasm'].map(compile))
  const questions = new Uint8Array(await (await fetch('questions.json.gz')).arrayBuffer())
  return { runtime: navigator.userAgent, ...(await askEverything(door, questions, { engine, policy })) }
})()
