/** `kavach audit`: the log of a host, read, proved and verified. */
import { Command } from 'commander'
import { auditCheckpointCommand } from './audit-checkpoint.ts'
import { auditEraseCommand } from './audit-erase.ts'
import { auditExportCommand } from './audit-export.ts'
import { auditProveCommand } from './audit-prove.ts'
import { auditShowCommand } from './audit-show.ts'
import { auditVerifyCommand } from './audit-verify.ts'
import type { Terminal } from './terminal.ts'

export function auditCommand(terminal: Terminal): Command {
  return new Command('audit')
    .description('verify, prove, export and show the audit log of a host')
    .addCommand(auditVerifyCommand(terminal))
    .addCommand(auditProveCommand(terminal))
    .addCommand(auditExportCommand(terminal))
    .addCommand(auditShowCommand(terminal))
    .addCommand(auditEraseCommand(terminal))
    .addCommand(auditCheckpointCommand(terminal))
}
