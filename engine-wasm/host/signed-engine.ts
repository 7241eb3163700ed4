/** Engines that run nothing but signed policies. */
import { carriedEngine } from '#carried'
import { createEngine, type Engine, type EngineOptions } from './engine.ts'
import { EngineError } from './engine-error.ts'
import { createLiveEngine, type LiveEngine, type LiveEngineOptions } from './live-engine.ts'
import type { EngineRequest } from './request.ts'
import { createVerifier, readParts, type VerifiedPolicy, type VerifyOptions } from './signed-policy.ts'
import { readSource, type Source } from './source.ts'

export interface SignedEngineOptions extends VerifyOptions {
  /**
   * The engine that images run in, where WebAssembly cannot be compiled from bytes: `kavachos/engine.wasm`, imported. It is
   * trusted as the program is that imports it. Without it the package's own one is used.
   */
  readonly engine?: WebAssembly.Module
}

export type ReloadSignedOptions = Pick<VerifyOptions, 'signature' | 'now'>

/** What a signed engine adds. */
export interface Signed {
  /** The manifest and the signers of the policy that answers. */
  readonly signed: Pick<VerifiedPolicy, 'manifest' | 'signers'>
  /**
   * Verifies another policy by the same keys and puts it in the place of this one.
   *
   * @throws {EngineError} as `verifyPolicy` and `reload` do; the policy before goes on answering
   */
  reloadSigned(source: Source, options?: ReloadSignedOptions): Promise<void>
}

/** An engine without the `reload` that verifies nothing. */
export interface SignedEngine<R extends EngineRequest = EngineRequest> extends Omit<Engine<R>, 'reload'>, Signed {}

/** The same for a host. */
export interface SignedLiveEngine<R extends EngineRequest = EngineRequest>
  extends Omit<LiveEngine<R>, 'reload' | 'reloadAsync'>,
    Signed {
  /** An image is verified by the engine in slices when `yield` is given, as `reloadAsync` does. */
  reloadSigned(
    source: Source,
    options?: ReloadSignedOptions & { readonly yield?: () => Promise<unknown> },
  ): Promise<void>
}

/**
 * `loadEngine` for signed policies: whatever is not signed by `keys`, was changed, is older than `minGeneration` or does not
 * hold at `now` is refused before any of it runs.
 *
 * @throws {EngineError} with one of the codes of docs/signing.md, and those of `loadEngine`
 */
export async function loadSignedEngine<R extends EngineRequest = EngineRequest>(
  source: Source,
  options: SignedEngineOptions,
): Promise<SignedEngine<R>> {
  const opened = await open(source, options, createEngine<R>)
  const { engine } = opened
  return {
    get policy() {
      return engine.policy
    },
    get signed() {
      return opened.signed
    },
    decide: (request, decideOptions) => engine.decide(request, decideOptions),
    decideBatch: (requests, decideOptions) => engine.decideBatch(requests, decideOptions),
    reloadSigned: (next, nextOptions) => opened.reload(next, nextOptions, (bytes) => engine.reload(bytes)),
  }
}

/**
 * `loadLiveEngine` for signed policies.
 *
 * @throws {EngineError} as `loadSignedEngine` does
 */
export async function loadSignedLiveEngine<R extends EngineRequest = EngineRequest>(
  source: Source,
  options: SignedEngineOptions & Pick<LiveEngineOptions, 'overlayBytes'>,
): Promise<SignedLiveEngine<R>> {
  const { overlayBytes } = options
  const opened = await open(source, options, (module, image, rest) =>
    createLiveEngine<R>(module, image, { ...rest, overlayBytes }),
  )
  const { engine } = opened
  return {
    get policy() {
      return engine.policy
    },
    get signed() {
      return opened.signed
    },
    get maxSteps() {
      return engine.maxSteps
    },
    decide: (request, decideOptions) => engine.decide(request, decideOptions),
    decideBatch: (requests, decideOptions) => engine.decideBatch(requests, decideOptions),
    explain: (request, decideOptions) => engine.explain(request, decideOptions),
    putRecord: (record) => engine.putRecord(record),
    dropRecord: (id) => engine.dropRecord(id),
    setFlag: (id, flag, isSet) => engine.setFlag(id, flag, isSet),
    sha256: (bytes) => engine.sha256(bytes),
    reloadSigned: (next, nextOptions = {}) =>
      opened.reload(next, nextOptions, (bytes) =>
        nextOptions.yield ? engine.reloadAsync(bytes, { yield: nextOptions.yield }) : engine.reload(bytes),
      ),
  }
}

interface Opened<E> {
  readonly engine: E
  readonly signed: Signed['signed']
  reload(
    source: Source,
    options: ReloadSignedOptions | undefined,
    install: (bytes: Uint8Array) => void | Promise<void>,
  ): Promise<void>
}

async function open<E extends Pick<Engine, 'policy'>>(
  source: Source,
  options: SignedEngineOptions,
  create: (module: WebAssembly.Module, image: Uint8Array | undefined, options: EngineOptions) => E,
): Promise<Opened<E>> {
  // Read at once: the caller may change his bytes and options while we wait.
  const { engine: host, minGeneration = 0, now } = options
  const parts = readParts(source, options.signature)
  const verify = await createVerifier(options)
  let { bytes, ...signed } = await verify(parts, { minGeneration, now })
  const engine = create(...runnable(bytes, host), { minGeneration })
  return {
    engine,
    get signed() {
      return signed
    },
    async reload(next, { signature, now: then } = {}, install) {
      const running = engine.policy.generation
      const verified = await verify(readParts(next, signature), { minGeneration: running, now: then })
      await install(verified.bytes)
      signed = { manifest: verified.manifest, signers: verified.signers }
    },
  }
}

/** What was verified, as something to be instantiated. */
function runnable(
  bytes: Uint8Array,
  host: WebAssembly.Module | undefined,
): [WebAssembly.Module, Uint8Array | undefined] {
  try {
    const read = readSource(bytes)
    return read instanceof Uint8Array ? [host ?? carriedEngine(), read] : [read, undefined]
  } catch (cause) {
    throw new EngineError(
      'bad-module',
      'this platform compiles no WebAssembly from bytes: import `kavachos/engine.wasm`, and give it as `engine` with an image',
      { cause },
    )
  }
}
