/** All commands put together, and what becomes of their errors. */
import { Command, CommanderError } from 'commander'
import { benchCommand } from './bench.ts'
import { checkCommand } from './check.ts'
import { compileCommand } from './compile.ts'
import { devCommand } from './dev.ts'
import { diffCommand } from './diff.ts'
import { disassembleCommand } from './disassemble.ts'
import { evalCommand } from './eval.ts'
import { CliError, EXIT_FINE, EXIT_INTERNAL, EXIT_USAGE } from './exit.ts'
import { explainCommand } from './explain.ts'
import { exportCedarCommand } from './export-cedar.ts'
import { fmtCommand } from './fmt.ts'
import { initCommand } from './init.ts'
import { migrateCommand } from './migrate.ts'
import { policyCommand } from './policy.ts'
import { proveCommand } from './prove.ts'
import { replayCommand } from './replay.ts'
import type { Terminal } from './terminal.ts'
import { testCommand } from './test.ts'
import { tightenCommand } from './tighten.ts'
import { VERSION } from './version.ts'
import { whatCanCommand } from './what-can.ts'
import { whoCanCommand } from './who-can.ts'

const EXIT_CODES = `
Exit codes: 0 fine, 1 findings, 2 refused, 3 unknown, 64 wrong usage, 66 input missing, 70 internal error.
KAVACH_DEBUG=1 adds a stack trace to an internal error.`

/** Runs one command line (without `node` and the script) and returns the exit code. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = await toProgram(terminal, args)
  try {
    if (args.length === 0) {
      terminal.note(program.helpInformation())
      return EXIT_USAGE
    }
    await program.parseAsync([...args], { from: 'user' })
    return terminal.exitCode
  } catch (error) {
    return report(error, terminal)
  }
}

async function toProgram(terminal: Terminal, args: readonly string[]): Promise<Command> {
  const program = new Command('kavach')
    .description('Policy as code for AI agents: check, test and compile policies, and decide requests with them.')
    .version(VERSION, '-V, --version', 'print the version')
    .addHelpText('after', EXIT_CODES)
  const imports = new Command('import').description(
    'make policies and catalogs from what exists: MCP servers, permission JSON',
  )
  if (args.includes('import')) {
    // The client of the protocol is as large as everything else together; the other commands do without.
    imports.addCommand((await import('./import-mcp.ts')).importMcpCommand())
    imports.addCommand((await import('./import-permissions.ts')).importPermissionsCommand())
  }
  // So are the drivers of databases.
  const audit = args.includes('audit')
    ? (await import('./audit.ts')).auditCommand(terminal)
    : new Command('audit').description('verify, prove, export and show the audit log of a host')
  const keys = args.includes('keys')
    ? (await import('./keys.ts')).keysCommand(terminal)
    : new Command('keys').description('make, list and revoke keys of a project')
  const agents = args.includes('agents')
    ? (await import('./agents.ts')).agentsCommand(terminal)
    : new Command('agents').description('make, list, suspend and revoke agents of a project')
  const doctor = args.includes('doctor')
    ? (await import('./doctor.ts')).doctorCommand(terminal)
    : new Command('doctor').description('look for what is wrong with the database of a host')
  const serve = args.includes('serve')
    ? (await import('./serve.ts')).serveCommand(terminal)
    : new Command('serve').description('open a host and answer over HTTP')
  const gateway =
    args[0] === 'gateway'
      ? (await import('./gateway.ts')).gatewayCommand(terminal)
      : new Command('gateway').description('guard an MCP server that cannot be changed')
  const policy = policyCommand(terminal)
  if (args[0] === 'policy') policy.addCommand((await import('./policy-status.ts')).policyStatusCommand(terminal))
  program
    .addCommand(initCommand(terminal))
    .addCommand(checkCommand(terminal))
    .addCommand(proveCommand(terminal))
    .addCommand(testCommand(terminal))
    .addCommand(compileCommand(terminal))
    .addCommand(devCommand(terminal))
    .addCommand(evalCommand(terminal))
    .addCommand(benchCommand(terminal))
    .addCommand(explainCommand(terminal))
    .addCommand(whoCanCommand(terminal))
    .addCommand(whatCanCommand(terminal))
    .addCommand(diffCommand(terminal))
    .addCommand(replayCommand(terminal))
    .addCommand(tightenCommand(terminal))
    .addCommand(fmtCommand(terminal))
    .addCommand(disassembleCommand(terminal))
    .addCommand(policy)
    .addCommand(migrateCommand(terminal))
    .addCommand(audit)
    .addCommand(keys)
    .addCommand(agents)
    .addCommand(doctor)
    .addCommand(gateway)
    .addCommand(serve)
    .addCommand(
      new Command('export').description('write policies for other engines').addCommand(exportCedarCommand(terminal)),
    )
    .addCommand(imports)
  everyCommand(program, (command) => {
    command
      .exitOverride()
      .helpOption('-h, --help', 'show this help')
      .showSuggestionAfterError(true)
      .configureOutput({
        writeOut: (text) => terminal.parts.stdout.write(text),
        writeErr: (text) => terminal.note(text),
        outputError: (text, write) => write(toComplaint(text, command)),
      })
  })
  return program
}

function everyCommand(command: Command, visit: (command: Command) => void): void {
  visit(command)
  for (const child of command.commands) everyCommand(child, visit)
}

/** Commander says `error: ...`, perhaps with a suggestion on a line of its own. */
function toComplaint(text: string, command: Command): string {
  const [first = '', suggestion] = text.trim().split('\n')
  const message = first
    .replace(/^error: /, '')
    .replaceAll("'", '`')
    .replace(/\.$/, '')
  const hint = suggestion === undefined ? '' : `${suggestion.replace(/^\((.*)\)$/, '$1').toLowerCase()} `
  return `kavach: ${message}\n  = help: ${hint}see \`${pathOf(command)} --help\`\n`
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_FINE : EXIT_USAGE
  if (error instanceof CliError) {
    const help = error.help === undefined ? '' : `  = help: ${error.help}\n`
    terminal.note(`kavach: ${error.message}\n${help}`)
    return error.code
  }
  const message = error instanceof Error ? error.message : String(error)
  terminal.note(`kavach: internal error: ${message}\n`)
  if (terminal.parts.debug && error instanceof Error) terminal.note(`${error.stack ?? ''}\n`)
  else terminal.note('  = help: this is a defect of kavach; KAVACH_DEBUG=1 shows where it happened\n')
  return EXIT_INTERNAL
}
