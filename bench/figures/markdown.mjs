// Tables and numbers as Markdown.

/** A table whose columns are aligned in the text too; all but the first hold numbers unless `isText`. */
export function table(head, rows, { isText = false } = {}) {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column].length)))
  const pad = (cell, column) => (column === 0 || isText ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))
  const line = (cells) => `| ${cells.map(pad).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 || isText ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}

/** A figure in which somebody is ahead of us. */
export function ahead(text) {
  return `**${text}** \\*`
}

/** A note of a suite, which may begin with the mark. */
export function noteText(note) {
  return note.replace(/^\* /, '\\* ')
}

/** A table and the notes below it. */
export function withNotes(head, notes = []) {
  return notes.length === 0 ? head : `${head}\n\n${notes.map((note) => `- ${noteText(note)}`).join('\n')}`
}

/** Nanoseconds, in the unit that suits them. */
export function time(ns) {
  if (ns === undefined) return ''
  if (ns < 10_000) return `${Math.round(ns).toLocaleString('en')} ns`
  if (ns < 10_000_000) return `${round(ns / 1e3)} us`
  return `${round(ns / 1e6)} ms`
}

export function bytes(count) {
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`
  return `${(count / 1e6).toFixed(2)} MB`
}

export function whole(value) {
  return Math.round(value).toLocaleString('en')
}

/** Three digits. */
export function round(value) {
  if (value >= 100) return whole(value)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
