/** `kavach policy`: keys and signatures of compiled policies. */
import { Command } from 'commander'
import { keygenCommand } from './policy-keygen.ts'
import { signCommand } from './policy-sign.ts'
import { verifyCommand } from './policy-verify.ts'
import type { Terminal } from './terminal.ts'

export function policyCommand(terminal: Terminal): Command {
  return new Command('policy')
    .description('sign compiled policies, verify signatures, and say what a host enforces')
    .addCommand(keygenCommand(terminal))
    .addCommand(signCommand(terminal))
    .addCommand(verifyCommand(terminal))
}
