// A Worker: asks the door the questions that are posted to it. Both modules are imported, since nothing may be compiled there.
import * as door from 'kavachos/engine'
import engine from 'kavachos/engine.wasm'
import policy from 'policy.wasm'
import { askEverything } from './runner.mjs'

export default {
  async fetch(request) {
    const report = await askEverything(door, new Uint8Array(await request.arrayBuffer()), { engine, policy })
    return Response.json({ runtime: navigator.userAgent, ...report })
  },
}
