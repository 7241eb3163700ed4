/** Door of emission: model to image and back, image to module, image to text. */
export { decompileImage } from './decompile.ts'
export { disassemble } from './disassemble.ts'
export { digestOf, emitImage } from './image.ts'
export { createManifest, type ManifestParts, type Proofs } from './manifest.ts'
export { imageOfModule } from './module-image.ts'
export { emitAgentRecord, emitDelegationsRecord, emitState } from './record.ts'
export { addSignature, attachSignature } from './signature.ts'
export { spliceModule } from './splice.ts'
