/** `kavach import permissions`: permission JSON in, policy text of the same meaning out. */
import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { isIdentifier, quote } from './catalog.ts'
import { type StarReading, toPolicyText } from './permission-text.ts'

/** `kavach import permissions FILE.json --star=one|rest [--name NAME]`; policy text goes to standard output. */
export function importPermissionsCommand(): Command {
  return new Command('permissions')
    .description('translate permission JSON into policy text')
    .argument('<file>', 'JSON file: permissions, an agent, or an array of agents')
    .addOption(new Option('--star <reading>', 'a last `*` is one segment, or all the rest').choices(['one', 'rest']))
    .option('--name <name>', 'name of the policy, and of the agent for bare permissions', 'imported')
    .addHelpText(
      'after',
      `
Examples:
  kavach import permissions agents.json --star=rest --name bots > policy/bots.kavach

Systems read a last \`*\` in two ways: one more segment, or everything below. Where it occurs, --star says which.`,
    )
    .action(async (file: string, options: { readonly star?: StarReading; readonly name: string }) => {
      process.exitCode = await importPermissions(file, options)
    })
}

/** Returns the exit code: 0 translated, 1 something has no translation, 64 usage, 66 no such file. */
async function importPermissions(
  file: string,
  options: { readonly star?: StarReading; readonly name: string },
): Promise<number> {
  if (!isIdentifier(options.name))
    return fail(64, [`--name wants a name such as my-policy, not ${quote(options.name)}`])
  let json: unknown
  try {
    json = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return fail(1, [`${quote(file)} is not JSON: ${error.message}`])
    return fail(66, [`cannot read ${quote(file)}: ${error instanceof Error ? error.message : String(error)}`])
  }
  const result = toPolicyText(json, options.star, options.name)
  for (const note of result.notes) process.stderr.write(`${note}\n`)
  if (result.faults.length > 0) return fail(1, result.faults)
  if (result.hasStar && options.star === undefined) {
    return fail(64, ['resources end in `*`, which systems read in two ways: say --star=one or --star=rest'])
  }
  process.stdout.write(result.text)
  return 0
}

function fail(code: number, messages: readonly string[]): number {
  for (const message of messages) process.stderr.write(`kavach: ${message}\n`)
  return code
}
