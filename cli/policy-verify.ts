/** `kavach policy verify`: whether a host that trusts these keys would run a policy. */
import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { EngineError, loadSignedEngine, type SignedEngine, splitModule } from '../engine-wasm/host/index.ts'
import { CliError, EXIT_FINE, EXIT_REFUSED, EXIT_USAGE } from './exit.ts'
import { loadBytes } from './files.ts'
import { toInstant } from './instant.ts'
import { describeProofs } from './policy-sign.ts'
import { findSignature } from './signature-file.ts'
import { loadPublicKey } from './signing-key.ts'
import type { Terminal } from './terminal.ts'

interface VerifyCliOptions {
  readonly key: readonly string[]
  readonly threshold: number
  readonly minGeneration: number
  readonly signature?: string
  readonly now?: 'system' | number
  readonly format: 'text' | 'json'
}

export function verifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description('verify the signature of a compiled policy, as a host does')
    .argument('<file>', 'module (.wasm) or image (.img)')
    .requiredOption('-k, --key <file>', 'public key that is trusted, may be repeated', collect)
    .option('--threshold <count>', 'how many of the keys must have signed', toCount, 1)
    .option('--min-generation <number>', 'refuse an older policy', toCount, 0)
    .option('--signature <file>', 'default: the one inside the module, else NAME.sig.json beside it')
    .option('--now <time>', 'refuse a policy that denies everything at this time: `system`, or RFC 3339 with Z', toNow)
    .addOption(new Option('--format <format>', 'how the result is printed').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  kavach policy verify build/acme.wasm --key policy.key.pub
  kavach policy verify build/acme.img --key a.pub --key b.pub --threshold 2 --min-generation 7 --now system

The exit code is 0 when a host would run it, 2 when it would refuse.`,
    )
    .action(async (file: string, options: VerifyCliOptions) => {
      terminal.recordExit(await verify(terminal, file, options))
    })
}

async function verify(terminal: Terminal, file: string, options: VerifyCliOptions): Promise<number> {
  const bytes = loadBytes(resolve(terminal.cwd, file), file)
  const keys = options.key.map((named) => loadPublicKey(terminal, named))
  const { threshold, minGeneration, now } = options
  try {
    const engine = await loadSignedEngine(bytes, {
      keys,
      threshold,
      minGeneration,
      signature: signatureOf(terminal, bytes, file, options.signature),
      now: now === 'system' ? terminal.parts.now() : now,
    })
    await terminal.print(options.format === 'json' ? toJson(engine, file) : toText(engine, file))
    return EXIT_FINE
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    const { code, message } = error
    if (code === 'bad-key')
      throw new CliError(EXIT_USAGE, message, '--key wants what `kavach policy keygen` wrote as FILE.pub')
    if (options.format === 'text') {
      throw new CliError(EXIT_REFUSED, `\`${file}\` is refused, ${code}: ${message}`, 'docs/signing.md says what to do')
    }
    await terminal.print(`${JSON.stringify({ verified: false, file, code, message })}\n`)
    return EXIT_REFUSED
  }
}

/** A module's own signature is read by the loader. */
function signatureOf(
  terminal: Terminal,
  bytes: Uint8Array,
  file: string,
  named: string | undefined,
): Uint8Array | undefined {
  if (named !== undefined) return loadBytes(resolve(terminal.cwd, named), named)
  return splitModule(bytes).signature === undefined ? findSignature(terminal, file) : undefined
}

function toJson({ signed: { manifest, signers } }: SignedEngine, file: string): string {
  return `${JSON.stringify({ verified: true, file, signers, manifest })}\n`
}

function toText({ signed: { manifest, signers } }: SignedEngine, file: string): string {
  const { notBefore, notAfter } = manifest
  const validity = [
    ...(notBefore === undefined ? [] : [`from ${new Date(notBefore).toISOString()}`]),
    ...(notAfter === undefined ? [] : [`until ${new Date(notAfter).toISOString()}`]),
  ]
  const lines = [
    `${file}: ${manifest.policy} generation ${manifest.generation}, signed by ${signers.join(', ')}`,
    `image ${manifest.image}`,
    `compiled by kavach ${manifest.compiler}, ABI ${manifest.abi}`,
    `valid ${validity.length === 0 ? 'at any time' : validity.join(' ')}`,
    describeProofs(manifest),
    ...manifest.proved.map(({ text }) => `  ${text}`),
  ]
  return `${lines.join('\n')}\n`
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

function toCount(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('It wants a whole number.')
  return count
}

function toNow(text: string): 'system' | number {
  return text === 'system' ? text : toInstant(text)
}
