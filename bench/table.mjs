// Rows of text in aligned columns: the first and those of words to the left, numbers to the right.

export function printTable(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)))
  const line = (row) =>
    row
      .map((cell, column) => (isLeft(head, column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd()
  console.log(line(head))
  console.log(widths.map((width) => '-'.repeat(width)).join('  '))
  for (const row of rows) console.log(line(row))
}

/** A last column without a title holds remarks. */
function isLeft(head, column) {
  return column === 0 || (column === head.length - 1 && head[column] === '')
}
