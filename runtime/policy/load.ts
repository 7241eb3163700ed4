/** From an image to a policy that can be enforced, without keeping anybody waiting. */
import { decompileImage, needsOfImage } from '../../compiler/emit/index.ts'
import type { PolicyModel } from '../../compiler/model/index.ts'
import { EngineError, imageOfSource, type LiveEngine, loadLiveEngine } from '../../engine-wasm/host/index.ts'
import { KavachError } from '../errors.ts'
import type { ActivePolicy } from '../site.ts'
import { builtInImage } from './built-in.ts'

/** What `policy` and `policy.reload()` take: an image or a module, the bytes of either, or where there are files the path of one. */
export type PolicySource = Uint8Array | ArrayBuffer | WebAssembly.Module | string | URL

/** The bytes of a file. */
export type ReadFile = (path: string | URL) => Promise<Uint8Array>

/** Records of some 100,000 agents made at run time; memory is touched when it is used. */
const ENGINE = { overlayBytes: 64 << 20 }

/**
 * The image of a source, a copy that nobody else holds.
 *
 * @throws {KavachError} KVCH_E_POLICY_INVALID, or KVCH_E_POLICY_SOURCE for policy text and for what is no policy at all
 */
export async function readPolicy(source: PolicySource, readFile?: ReadFile): Promise<Uint8Array> {
  const given = typeof source === 'string' || source instanceof URL ? await readPath(source, readFile) : source
  if (!isBinary(given)) {
    throw new KavachError(
      'KVCH_E_POLICY_SOURCE',
      'a policy is given as bytes, a WebAssembly.Module, or the path of an `.img` or `.wasm`',
    )
  }
  return refusing(() => imageOfSource(given))
}

async function readPath(path: string | URL, readFile: ReadFile | undefined): Promise<Uint8Array> {
  const name = String(path)
  if (name.endsWith('.kavach')) throw isText(name)
  if (readFile === undefined) {
    throw new KavachError('KVCH_E_POLICY_SOURCE', `there are no files here; give the bytes of \`${name}\``)
  }
  try {
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EISDIR') throw isText(name)
    throw new KavachError('KVCH_E_POLICY_INVALID', `the policy \`${name}\` could not be read`, { cause })
  }
}

function isText(name: string): KavachError {
  return new KavachError(
    'KVCH_E_POLICY_SOURCE',
    `\`${name}\` is policy text; run \`kavach compile ${name} -o build\` and give the \`.img\` or \`.wasm\` that it writes`,
  )
}

function isBinary(source: unknown): source is Uint8Array | ArrayBuffer | WebAssembly.Module {
  return source instanceof Uint8Array || source instanceof ArrayBuffer || source instanceof WebAssembly.Module
}

/** Loads an image at once; the verifier looks at all of it. @throws {KavachError} KVCH_E_POLICY_INVALID */
export function loadPolicy(image: Uint8Array): ActivePolicy {
  return activePolicy(
    refusing(() => loadLiveEngine(image, ENGINE)),
    image,
  )
}

/** Loads an image in slices of about 2 ms, with `rest` between them. @throws {KavachError} KVCH_E_POLICY_INVALID */
export async function loadPolicySlowly(image: Uint8Array, rest: () => Promise<unknown>): Promise<ActivePolicy> {
  const engine = loadLiveEngine(builtInImage(), ENGINE)
  try {
    await engine.reloadAsync(image, { yield: rest })
  } catch (error) {
    throw refusal(error)
  }
  return activePolicy(engine, image)
}

/** Stores keep meters as numbers that JavaScript holds exactly. */
const MAX_LIMIT = BigInt(Number.MAX_SAFE_INTEGER)

/** @throws {KavachError} KVCH_E_POLICY_INVALID for a cap that no store can count to */
function activePolicy(engine: LiveEngine, image: Uint8Array): ActivePolicy {
  const { name, generation, digest } = engine.policy
  const { trust, largestLimit } = needsOfImage(image)
  if (largestLimit > MAX_LIMIT) {
    throw new KavachError(
      'KVCH_E_POLICY_INVALID',
      `policy \`${name}\` has a limit of ${largestLimit}; a host counts to ${MAX_LIMIT} calls or nano-USD (9,007,199 USD)`,
    )
  }
  let model: PolicyModel | undefined
  return {
    engine,
    name,
    generation,
    digest,
    needsTrust: trust,
    // Reading a large image back takes longer than loading it, and few calls ask for it.
    get model() {
      model ??= decompileImage(image)
      return model
    },
  }
}

function refusing<R>(work: () => R): R {
  try {
    return work()
  } catch (error) {
    throw refusal(error)
  }
}

function refusal(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error
  return new KavachError('KVCH_E_POLICY_INVALID', `the policy is refused: ${error.message}`, {
    cause: error,
    details: { engineCode: error.code },
  })
}
