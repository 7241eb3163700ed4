/** `kavach disassemble`: a compiled policy for people. */
import { Command } from 'commander'
import { disassemble } from '../compiler/emit/index.ts'
import { CliError, EXIT_FINDINGS } from './exit.ts'
import { loadCompiled } from './module-file.ts'
import type { Terminal } from './terminal.ts'

export function disassembleCommand(terminal: Terminal): Command {
  return new Command('disassemble')
    .description('print what a compiled policy holds')
    .argument('<file>', 'module (.wasm) or image (.img)')
    .addHelpText(
      'after',
      `
Examples:
  kavach disassemble build/acme.wasm
  diff <(kavach disassemble old.img) <(kavach disassemble new.img)`,
    )
    .action(async (file: string) => {
      const { image } = loadCompiled(terminal, file)
      const text = read(image, file)
      await terminal.print(text.endsWith('\n') ? text : `${text}\n`)
    })
}

function read(image: Uint8Array, file: string): string {
  try {
    return disassemble(image)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new CliError(
      EXIT_FINDINGS,
      `\`${file}\` is damaged: ${error.message}`,
      'compile the policy again with `kavach compile`',
    )
  }
}
