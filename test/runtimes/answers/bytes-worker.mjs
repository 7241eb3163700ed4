// A Worker whose bundler did not know that it makes one: loads the image that is posted by both ways.
import * as door from 'kavachos/engine'
import engine from 'kavachos/engine.wasm'
import { nameOf } from './bytes.mjs'

export default {
  async fetch(request) {
    const image = new Uint8Array(await request.arrayBuffer())
    const loaded = nameOf(door, () => door.loadEngine(image))
    return Response.json({ loaded, opened: nameOf(door, () => door.openEngine(engine, image)) })
  },
}
