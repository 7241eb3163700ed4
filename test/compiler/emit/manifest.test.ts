import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createManifest, emitImage, spliceModule } from '../../../compiler/emit/index.ts'
import { ENGINE } from '../../abi/compiled.ts'
import { modelOf } from './model.ts'

const MODEL = { ...modelOf('autonomous agent a { allow read on x }'), name: 'shop', generation: 12 }
const IMAGE = emitImage(MODEL)
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

test('a manifest says what the bytes are, and that nothing was proved unless somebody brings proofs', () => {
  expect(createManifest({ image: IMAGE, engine: ENGINE, compiler: '1.2.3' })).toEqual({
    format: 'kavach-manifest',
    version: 1,
    policy: 'shop',
    generation: 12,
    digest: Buffer.from(IMAGE.subarray(40, 72)).toString('hex'),
    image: sha256(IMAGE),
    module: sha256(spliceModule(ENGINE, IMAGE)),
    engine: sha256(ENGINE),
    compiler: '1.2.3',
    abi: '1.0',
    proved: [],
    delegationsProved: 0,
  })
})

test('validity is that of the image, each end where there is one', () => {
  const validityOf = (settings: { notBefore?: number; notAfter?: number }) => {
    const { notBefore, notAfter } = createManifest({
      image: emitImage({ ...MODEL, ...settings }),
      engine: ENGINE,
      compiler: '',
    })
    return { notBefore, notAfter }
  }
  expect(validityOf({ notBefore: -7 })).toEqual({ notBefore: -7, notAfter: undefined })
  expect(validityOf({ notAfter: 0 })).toEqual({ notBefore: undefined, notAfter: 0 })
  expect(validityOf({ notBefore: 1, notAfter: 1e15 })).toEqual({ notBefore: 1, notAfter: 1e15 })
})

test('proofs are named by their text and its digest, sorted, once each', () => {
  const proofs = { image: sha256(IMAGE), proved: ['b', 'a', 'é', 'b'], delegationsProved: 3 }
  const { proved, delegationsProved } = createManifest({ image: IMAGE, engine: ENGINE, compiler: '', proofs })
  expect(proved).toEqual(['a', 'b', 'é'].map((text) => ({ text, digest: sha256(text) })))
  expect(delegationsProved).toBe(3)
})

test('proofs of another image are refused, and so is an image that was changed', () => {
  const proofs = { image: sha256('x'), proved: [], delegationsProved: 0 }
  expect(() => createManifest({ image: IMAGE, engine: ENGINE, compiler: '', proofs })).toThrow(
    `the proofs are of an image with digest ${sha256('x')}, and this one has ${sha256(IMAGE)}`,
  )
  const bent = IMAGE.map((byte, at) => (at === 200 ? byte ^ 1 : byte))
  expect(() => createManifest({ image: bent, engine: ENGINE, compiler: '' })).toThrow(
    'its digest does not fit its bytes',
  )
})
