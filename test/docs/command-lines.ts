/** Command lines of pages, and whether the program has what they name. */
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { runProgram } from '../../cli/program.ts'
import { Terminal } from '../../cli/terminal.ts'

/** Words of each call of `kavach` in a shell block, without `kavach` itself. */
export function callsIn(shell: string): readonly (readonly string[])[] {
  return commandsIn(shell).flatMap((words) => {
    const at = words.indexOf('kavach')
    // In front stand variables and `npx`, `exec` and the like; a word behind another command is no call.
    const isCall = at >= 0 && words.slice(0, at).every((word) => /^([A-Z_]+=.*|npx|exec|--no-install|\$)$/.test(word))
    return isCall ? [words.slice(at + 1)] : []
  })
}

/** Words of each command: quotes keep blanks together, `|`, `;`, `&&`, `$(` and redirections end a command. */
export function commandsIn(shell: string): readonly (readonly string[])[] {
  const lines = shell.replace(/\\\n/g, ' ').split('\n')
  return lines.flatMap((line) => {
    const commands: string[][] = [[]]
    for (const [, quoted, end, plain] of line.matchAll(
      /((?:[^\s'"|;&<>()#]*(?:'[^']*'|"[^"]*"))+[^\s'"|;&<>()]*)|(\|\||&&|[|;()]|[<>]+\s*\S+|\s#.*$)|([^\s'"|;&<>()]+)/g,
    )) {
      if (end !== undefined) commands.push([])
      else if (plain === '$') commands.push([])
      else commands.at(-1)?.push((quoted ?? plain ?? '').replace(/['"]/g, ''))
    }
    return commands.filter((words) => words.length > 0)
  })
}

interface CommandPage {
  /** Whether each option takes a value, by its name: `<` it must, `[` it may. */
  readonly options: ReadonlyMap<string, '<' | '[' | undefined>
  readonly least: number
  readonly most: number
  readonly subcommands: ReadonlySet<string>
}

const pages = new Map<string, Promise<CommandPage>>()

/** What is wrong with a call, as `--help` has it; nothing when the program takes it. */
export async function faultOf(words: readonly string[]): Promise<string | undefined> {
  const path: string[] = []
  const rest = [...words]
  let page = await pageOf(path)
  while (page.subcommands.size > 0) {
    const next = rest[0]
    if (next === undefined || next.startsWith('-')) break
    if (!page.subcommands.has(next)) return `there is no command \`${[...path, next].join(' ')}\``
    path.push(next)
    rest.shift()
    page = await pageOf(path)
  }
  let operands = 0
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] ?? ''
    if (word === '--') {
      operands += rest.length - i - 1
      break
    }
    if (!word.startsWith('-') || word === '-') {
      operands++
      continue
    }
    const [name = '', value] = word.split('=', 2)
    if (!page.options.has(name)) return `\`${path.join(' ')}\` has no option \`${name}\``
    const takes = value === undefined ? page.options.get(name) : undefined
    if (takes === '<' || (takes === '[' && /^[^-]/.test(rest[i + 1] ?? ''))) i++
    if (i >= rest.length) return `\`${name}\` of \`${path.join(' ')}\` wants a value`
  }
  if (words.some((word) => word === '--help' || word === '--version')) return undefined
  if (page.subcommands.size > 0) return `\`${path.join(' ')}\` wants a command`
  if (operands < page.least || operands > page.most) return `\`${path.join(' ')}\` does not take ${operands} arguments`
  return undefined
}

function pageOf(path: readonly string[]): Promise<CommandPage> {
  const key = path.join(' ')
  const known = pages.get(key) ?? readPage(path)
  pages.set(key, known)
  return known
}

async function readPage(path: readonly string[]): Promise<CommandPage> {
  const help = await helpOf(path)
  const usage = /^Usage: kavach(?:\|\S+)?(.*(?:\n +.*)*)/m.exec(help)?.[1] ?? ''
  const operands = [...usage.matchAll(/(<[\w-]+(\.\.\.)?>)|(\[[\w-]+(\.\.\.)?\])/g)].filter(
    ([word]) => word !== '[options]',
  )
  const section = (title: string): string => new RegExp(`^${title}:\\n((?: .*\\n|\\n)*)`, 'm').exec(help)?.[1] ?? ''
  const options = [...section('Options').matchAll(/^ {2}(-\S.*?)(?: {2,}|$)/gm)].flatMap(([, spelled = '']) => {
    const names = [...spelled.matchAll(/(?<![\w-])--?[a-zA-Z][\w-]*/g)].map(([name]) => name)
    return names.map((name) => [name, spelled.includes('<') ? '<' : spelled.includes('[') ? '[' : undefined] as const)
  })
  const subcommands = [...section('Commands').matchAll(/^ {2}([\w-]+)(?:\|\w+)?/gm)].map(([, name = '']) => name)
  return {
    options: new Map(options),
    least: subcommands.length > 0 ? 0 : operands.filter(([, required]) => required !== undefined).length,
    most: operands.some(([word]) => word.includes('...')) ? Number.POSITIVE_INFINITY : operands.length,
    subcommands: new Set(subcommands),
  }
}

async function helpOf(path: readonly string[]): Promise<string> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const printed = [text(stdout), text(stderr)]
  const terminal = new Terminal({
    stdin: new PassThrough(),
    stdout,
    stderr,
    cwd: process.cwd(),
    color: false,
    errorColor: false,
    isTyped: false,
    isScreen: false,
    isWatched: false,
    debug: false,
    now: () => 0,
    interrupt: new AbortController().signal,
    takeInterrupts: () => undefined,
  })
  await runProgram([...path, '--help'], terminal)
  stdout.end()
  stderr.end()
  return (await Promise.all(printed)).join('')
}
