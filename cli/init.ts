/** `kavach init`: a policy to start from, with its tests and a workflow that checks them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { CliError, EXIT_INTERNAL, EXIT_USAGE } from './exit.ts'
import { writeFilesAtomically } from './files.ts'
import type { Terminal } from './terminal.ts'

export function initCommand(terminal: Terminal): Command {
  return new Command('init')
    .description('start a policy: a starter with tests, and a CI workflow; never overwrites a file')
    .argument('[folder]', 'where the policy goes', 'policy')
    .addHelpText(
      'after',
      `
Examples:
  kavach init                 a policy in ./policy
  kavach init policies/bots`,
    )
    .action(async (folder: string) => {
      await init(terminal, folder)
    })
}

async function init(terminal: Terminal, named: string): Promise<void> {
  const target = resolve(terminal.cwd, named)
  const policy = relative(terminal.cwd, target).replaceAll('\\', '/') || '.'
  const starter = starterFolder()
  const files = [
    ...readdirSync(starter)
      .filter((name) => name.endsWith('.kavach'))
      .sort()
      .map((name) => ({ path: join(target, name), data: readFileSync(join(starter, name), 'utf8') })),
    { path: resolve(terminal.cwd, '.github/workflows/policy.yml'), data: workflow(policy) },
  ]
  const shown = (path: string): string => relative(terminal.cwd, path) || path
  const there = statSync(target, { throwIfNoEntry: false })
  if (there !== undefined && !there.isDirectory()) {
    throw new CliError(EXIT_USAGE, `\`${named}\` is a file`, 'name a folder; nothing was written')
  }
  if (there !== undefined && readdirSync(target).some((name) => name.endsWith('.kavach'))) {
    throw new CliError(
      EXIT_USAGE,
      `there is a policy in \`${named}\` already`,
      'name another folder; nothing was written',
    )
  }
  const made = files.filter(({ path }) => !existsSync(path))
  const kept = files.filter(({ path }) => existsSync(path))
  writeFilesAtomically(terminal.cwd, made)
  for (const { path } of made) await terminal.print(`made ${shown(path)}\n`)
  for (const { path } of kept) await terminal.print(`kept ${shown(path)}, which was there\n`)
  await terminal.print(`
Next:
  npx kavach check ${policy}             what is wrong with it
  npx kavach test ${policy}              its examples, decided
  npx kavach compile ${policy} -o build  one module for every platform
Catalogs of your MCP servers:
  npx kavach import mcp --out ${policy}/catalog/NAME.tools.json -- COMMAND
`)
}

/** policies/starter, beside `cli` in the sources and beside `dist` in the package. */
function starterFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const found = ['..', '../..'].map((up) => join(here, up, 'policies/starter')).find((path) => existsSync(path))
  if (found === undefined) throw new CliError(EXIT_INTERNAL, 'policies/starter is missing', 'install kavachos again')
  return found
}

function workflow(policy: string): string {
  return `name: policy
on: [push, pull_request]
permissions:
  contents: read
jobs:
  policy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
      - run: npm ci
      - run: npx kavach check ${policy} --strict --format github
      - run: npx kavach fmt --check ${policy}
      - run: npx kavach test ${policy}
      - run: npx kavach compile ${policy} -o build
`
}
