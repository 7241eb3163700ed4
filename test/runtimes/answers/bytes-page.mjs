// A page: loads a policy as the bytes of a module, of a large one, and of an image.
import * as door from 'kavachos/engine'
import { nameOf } from './bytes.mjs'

const bytesOf = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer())

globalThis.report = (async () => {
  const [small, large, image] = await Promise.all(['small.wasm', 'large.wasm', 'small.img'].map(bytesOf))
  return {
    small: nameOf(door, () => door.loadEngine(small)),
    large: nameOf(door, () => door.loadEngine(large)),
    image: nameOf(door, () => door.loadEngine(image)),
  }
})()
