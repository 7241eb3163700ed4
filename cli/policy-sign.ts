/** `kavach policy sign`: vouches for a compiled policy with a key. */
import { createHash } from 'node:crypto'
import { dirname, join, relative, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { addSignature, attachSignature, createManifest } from '../compiler/emit/index.ts'
import {
  EngineError,
  formatSignature,
  MAX_SIGNATURES,
  type Manifest,
  parseSignature,
  type SignedManifest,
  splitModule,
  toSignedBytes,
} from '../engine-wasm/host/index.ts'
import { loadEngineWasm } from './engine-wasm.ts'
import { CliError, EXIT_FINDINGS, EXIT_FINE, EXIT_NO_INPUT, EXIT_REFUSED } from './exit.ts'
import { writeFilesAtomically } from './files.ts'
import { plural } from './findings.ts'
import { type Compiled, loadCompiled } from './module-file.ts'
import { startEngine } from './policy-engine.ts'
import { provePolicy } from './prove-image.ts'
import { findSignature, nameOf } from './signature-file.ts'
import { loadSigner } from './signing-key.ts'
import type { Terminal } from './terminal.ts'
import { VERSION } from './version.ts'

interface SignOptions {
  readonly key: string
  readonly policy?: string
  readonly add?: true
  readonly out?: string
}

export function signCommand(terminal: Terminal): Command {
  return new Command('sign')
    .description('sign a compiled policy: writes NAME.sig.json, and puts the signature into NAME.wasm')
    .argument('<file>', 'module (.wasm) or image (.img)')
    .requiredOption('-k, --key <file>', 'private key in PEM, or - for standard input')
    .addOption(
      new Option('--policy <path>', 'prove the policy that this was compiled from, and sign what was proved').conflicts(
        'add',
      ),
    )
    .option('--add', 'add a signature to the one that is there, for hosts that want several')
    .option('-o, --out <folder>', 'where to write; default: where the file is')
    .addHelpText(
      'after',
      `
Examples:
  kavach policy sign build/acme.wasm --key policy.key
  kavach policy sign build/acme.wasm --key policy.key --policy policy
  kavach policy sign build/acme.wasm --key second.key --add

The module must be what this version of kavach makes of the image in it; anything else is refused with exit code 2.`,
    )
    .action(async (file: string, options: SignOptions) => {
      terminal.recordExit(await signPolicy(terminal, file, options))
    })
}

async function signPolicy(terminal: Terminal, file: string, options: SignOptions): Promise<number> {
  const compiled = loadCompiled(terminal, file)
  startEngine(compiled, file)
  const made = await manifestOf(terminal, compiled, file, options.policy)
  const before = options.add ? loadSigned(terminal, compiled, file, made) : { manifest: made }
  const signer = await loadSigner(terminal, options.key)
  const { manifest } = before
  const signed = addSignature(before, { keyId: signer.keyId, signature: signer.sign(toSignedBytes(manifest)) })
  if (signed.signatures.length > MAX_SIGNATURES) {
    throw new CliError(
      EXIT_FINDINGS,
      `\`${file}\` has ${MAX_SIGNATURES} signatures already`,
      'sign it again without --add',
    )
  }
  const base = join(resolve(terminal.cwd, options.out ?? dirname(file)), nameOf(file))
  const files = [
    ...(compiled.kind === 'module' ? [{ path: `${base}.wasm`, data: attachSignature(compiled.module, signed) }] : []),
    { path: `${base}.sig.json`, data: formatSignature(signed) },
  ]
  writeFilesAtomically(terminal.cwd, files)
  await terminal.print(`${manifest.policy} generation ${manifest.generation}, signed by ${signer.keyId}\n`)
  await terminal.print(`${describeProofs(manifest)}\n`)
  for (const { path, data } of files) await terminal.print(`  ${relative(terminal.cwd, path)}  ${data.length} bytes\n`)
  return EXIT_FINE
}

/** What a manifest says was proved, for people. */
export function describeProofs({ proved, delegationsProved }: Manifest): string {
  if (proved.length + delegationsProved === 0) return 'proved: nothing'
  return `proved: ${plural(proved.length, 'assertion')}, ${plural(delegationsProved, 'delegation')}`
}

/** Everything but the proofs is derived here from the bytes. */
async function manifestOf(
  terminal: Terminal,
  compiled: Compiled,
  file: string,
  policy: string | undefined,
): Promise<Manifest> {
  const parts = { image: compiled.image, engine: loadEngineWasm(), compiler: VERSION }
  const manifest = readingManifest(file, () => createManifest(parts))
  if (compiled.kind === 'module' && sha256(splitModule(compiled.module).module) !== manifest.module) {
    throw new CliError(
      EXIT_REFUSED,
      `\`${file}\` is not what kavach ${VERSION} makes of the policy in it: its code is another one`,
      'compile the policy again with `kavach compile`, and sign with the same version',
    )
  }
  return policy === undefined
    ? manifest
    : createManifest({ ...parts, proofs: await provePolicy(terminal, compiled, policy) })
}

function readingManifest(file: string, make: () => Manifest): Manifest {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CliError(EXIT_FINDINGS, `\`${file}\` is damaged: ${error.message}`, 'compile the policy again')
  }
}

/** The signature that is there. The second signer vouches for the proofs that the first one named. */
function loadSigned(terminal: Terminal, compiled: Compiled, file: string, made: Manifest): SignedManifest {
  const inside = compiled.kind === 'module' ? splitModule(compiled.module).signature : undefined
  const found = inside ?? findSignature(terminal, file)
  if (found === undefined) {
    throw new CliError(EXIT_NO_INPUT, `\`${file}\` has no signature to add to`, 'leave out --add for the first one')
  }
  const signed = readingSignature(file, found)
  const { proved, delegationsProved } = signed.manifest
  const expected = formatSignature({ manifest: { ...made, proved, delegationsProved }, signatures: [] })
  if (expected !== formatSignature({ manifest: signed.manifest, signatures: [] })) {
    throw new CliError(
      EXIT_REFUSED,
      `the signature of \`${file}\` is about another policy, or another version of it`,
      'leave out --add: all signers sign anew',
    )
  }
  return signed
}

function readingSignature(file: string, bytes: Uint8Array): SignedManifest {
  try {
    return parseSignature(bytes)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    throw new CliError(EXIT_FINDINGS, `the signature of \`${file}\` is damaged: ${error.message}`, 'leave out --add')
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
