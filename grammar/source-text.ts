/** Lines and columns of a text, computed only when somebody asks. */

/** Counted from 1; the column in UTF-16 units, as editors count. */
export interface Place {
  readonly line: number
  readonly column: number
}

export class SourceText {
  readonly text: string
  private starts: number[] | undefined

  constructor(text: string) {
    this.text = text
  }

  /** Where `offset` stands; offsets outside the text count as its nearest end. */
  place(offset: number): Place {
    const at = Math.min(Math.max(offset, 0), this.text.length)
    const starts = this.lineStarts()
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((starts[middle] ?? 0) <= at) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: at - (starts[low] ?? 0) + 1 }
  }

  /** Offsets of the line of that number, without its line end. */
  line(number: number): { readonly start: number; readonly end: number } {
    const starts = this.lineStarts()
    const start = starts[number - 1] ?? this.text.length
    let end = starts[number] === undefined ? this.text.length : (starts[number] ?? 0) - 1
    if (end > start && this.text.charCodeAt(end - 1) === 0x0d) end--
    return { start, end: Math.max(start, end) }
  }

  private lineStarts(): readonly number[] {
    if (this.starts !== undefined) return this.starts
    const starts = [0]
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1)
    this.starts = starts
    return starts
  }
}
