/** A comparison as a comment of a pull request: the verdict, a table, and everything else behind a fold. */
import { type DiffReport, type RegionRow, sectionsOf, unwaived } from './diff-report.ts'
import { verdictOf } from './diff-text.ts'
import { plural } from './findings.ts'

/** By this line a workflow finds its own comment again. */
export const MARK = '<!-- kavach diff -->'

const MAX_ROWS = 25
/** Code points of one text; a comment holds 65,536 characters in all. */
const MAX_TEXT = 240

export function diffMarkdown(report: DiffReport): string {
  const fresh = unwaived(report)
  const { newAccess, lostAccess, unknown, generation } = report
  const mark = fresh.length > 0 ? '🔴' : unknown.length > 0 ? '🟡' : '🟢'
  const parts = [
    `${MARK}\n### ${mark} Policy: ${escaped(verdictOf(report))}`,
    ...(newAccess.length > 0 ? [table(newAccess), details(newAccess)] : []),
    ...(fresh.length > 0 ? [waiver(fresh)] : []),
    ...(unknown.length > 0
      ? [fold(`${plural(unknown.length, 'question')} without an answer`, unknownList(unknown), true)]
      : []),
    ...(lostAccess.length > 0
      ? [fold(`${plural(lostAccess.length, 'region')} of lost access`, table(lostAccess))]
      : []),
    ...sectionsOf(report).map(({ title, lines }) =>
      fold(`${title} (${lines.length})`, list(lines), title !== 'Assertions'),
    ),
    ...(generation === undefined ? [] : [`⚠️ ${escaped(generation)}.`]),
    `<sub>${code(report.old.shown)} → ${code(report.new.shown)}. Every row was decided by the engines of both policies.</sub>`,
  ]
  return `${parts.join('\n\n')}\n`
}

function table(regions: readonly RegionRow[]): string {
  const rows = regions.slice(0, MAX_ROWS).map((row) => {
    const what = row.what.map((text) => code(text)).join('<br>')
    const more = row.more > 0 ? `<br>and ${plural(row.more, 'more part')}` : ''
    const title = row.isWaived
      ? `~~${row.title}~~ waived`
      : row.title === 'approval dropped'
        ? `**${row.title}**`
        : row.title
    return `| ${title} | ${escaped(cut(row.who))} | ${what}${more} | ${row.places.map((place) => code(place)).join('<br>')} |`
  })
  const more =
    regions.length > MAX_ROWS ? `\n\nand ${regions.length - MAX_ROWS} more; \`--format json\` lists them` : ''
  return `| | who | may | allowed by |\n|---|---|---|---|\n${rows.join('\n')}${more}`
}

function details(regions: readonly RegionRow[]): string {
  const items = regions.slice(0, MAX_ROWS).map(({ region, why, witness, state, what }) => {
    const lines = [
      `- ${code(what[0] ?? '')}`,
      `  - why: ${code(why)}`,
      `  - allowed now, before ${code(region.witness.reason)}: ${code(witness)}`,
      ...(state === undefined ? [] : [`  - with what was made at run time: ${code(state)}`]),
      `  - digest ${code(region.digest)}`,
    ]
    return lines.join('\n')
  })
  return fold('A request for each row, and why it is allowed', items.join('\n'))
}

function waiver(fresh: readonly RegionRow[]): string {
  const digests = fresh.slice(0, MAX_ROWS).map(({ region }) => `--allow ${region.digest}`)
  return fold(
    'Meant so? This is what waives exactly these regions',
    `\`\`\`text\n${digests.join(' ')}\n\`\`\`\n\nA digest changes when its region grows, and with nothing else.`,
  )
}

function unknownList(unknown: DiffReport['unknown']): string {
  return list(unknown.map(({ who, what, why }) => `${who}: ${what}: ${why}`))
}

function list(lines: readonly string[]): string {
  const shown = lines.slice(0, MAX_ROWS).map((line) => `- ${escaped(cut(line))}`)
  const more = lines.length > MAX_ROWS ? [`- and ${lines.length - MAX_ROWS} more`] : []
  return [...shown, ...more].join('\n')
}

function fold(title: string, body: string, isOpen = false): string {
  return `<details${isOpen ? ' open' : ''}><summary>${escaped(title)}</summary>\n\n${body}\n\n</details>`
}

/** Text in code, also inside of a table, whatever it holds. */
function code(text: string): string {
  return `<code>${escaped(cut(text))}</code>`
}

function cut(text: string): string {
  const points = Array.from(text)
  return points.length <= MAX_TEXT ? text : `${points.slice(0, MAX_TEXT).join('')}…`
}

/** Nothing of a policy is markup, a mention, or the end of a cell. */
function escaped(text: string): string {
  return text.replace(/[&<>|`*_~[\]@#\\\r\n]/g, (char) =>
    char === '\n' || char === '\r' ? ' ' : `&#${char.charCodeAt(0)};`,
  )
}
