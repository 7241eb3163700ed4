/** `kavach policy keygen`: a new key that signs policies, and the public one that hosts are given. */
import { generateKeyPairSync } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { readKey } from '../engine-wasm/host/index.ts'
import { CliError, EXIT_FINE, EXIT_USAGE } from './exit.ts'
import type { Terminal } from './terminal.ts'

export function keygenCommand(terminal: Terminal): Command {
  return new Command('keygen')
    .description('make an Ed25519 key: FILE is the private key, FILE.pub the public one')
    .requiredOption('-o, --out <file>', 'where to write the private key; nobody else may read it')
    .addHelpText(
      'after',
      `
Examples:
  kavach policy keygen -o policy.key

A file that exists is never replaced. Give FILE.pub to every host; keep FILE out of the repository.`,
    )
    .action(async ({ out }: { readonly out: string }) => {
      terminal.recordExit(await keygen(terminal, out))
    })
}

async function keygen(terminal: Terminal, out: string): Promise<number> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const { keyId } = await readKey(publicKey)
  writeNewFiles(terminal, [
    { shown: out, data: privateKey, mode: 0o600 },
    { shown: `${out}.pub`, data: publicKey, mode: 0o644 },
  ])
  await terminal.print(`key ${keyId}\n  ${out}  private: keep it secret\n  ${out}.pub  public: give it to every host\n`)
  return EXIT_FINE
}

interface NewFile {
  readonly shown: string
  readonly data: string
  readonly mode: number
}

/** All or none; a file that exists is never opened. */
function writeNewFiles(terminal: Terminal, files: readonly NewFile[]): void {
  const made: string[] = []
  let current = ''
  try {
    for (const { shown, data, mode } of files) {
      current = shown
      const path = resolve(terminal.cwd, shown)
      mkdirSync(dirname(path), { recursive: true })
      const file = openSync(path, 'wx', mode)
      made.push(path)
      try {
        writeFileSync(file, data)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
    }
  } catch (error) {
    for (const path of made) rmSync(path, { force: true })
    throw outputError(error, current)
  }
}

function outputError(error: unknown, shown: string): unknown {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return error
  // A folder that cannot be made because a file has its name is EEXIST too.
  if (error.code === 'EEXIST' && error.syscall === 'open') {
    return new CliError(
      EXIT_USAGE,
      `there is a \`${shown}\` already, and a key is never replaced`,
      'choose another name, or move the old key away if nothing is signed with it any more',
    )
  }
  return new CliError(EXIT_USAGE, `cannot write \`${shown}\`: ${error.code}`, 'choose another folder')
}
