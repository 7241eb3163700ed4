/**
 * The editor: a text field over a coloured copy of its text. The field is what is typed into, so that undoing, selecting and reading
 * aloud are the browser's; the copy shows colours and underlines what is wrong.
 */
import { byId, make } from './elements.ts'
import { piecesOf } from './highlight.ts'
import type { Place, TextChange } from './messages.ts'

/** Something underlined. */
export interface Mark extends Place {
  readonly severity: 'error' | 'warning'
}

export interface Editor {
  readonly text: string
  /** Replaces all of it. */
  setText(text: string): void
  /** Replaces parts of it that do not overlap; undoing brings them back. */
  edit(changes: readonly TextChange[]): void
  setMarks(marks: readonly Mark[]): void
  /** Puts the cursor there and the line in sight. */
  show(start: number, end?: number): void
}

/** Connects the elements of the page; `onInput` is told of every change, by hand or not. */
export function createEditor(onInput: () => void): Editor {
  const field = byId('policy', HTMLTextAreaElement)
  const copy = byId('policy-copy', HTMLPreElement)
  const gutter = byId('policy-lines', HTMLPreElement)
  let marks: readonly Mark[] = []

  function paint(): void {
    const text = field.value
    const lines = text.split('\n').length
    gutter.textContent = Array.from({ length: lines }, (_, index) => index + 1).join('\n')
    copy.replaceChildren(...paintedPieces(text, marks))
    follow()
  }

  function follow(): void {
    copy.scrollTop = field.scrollTop
    copy.scrollLeft = field.scrollLeft
    gutter.scrollTop = field.scrollTop
  }

  function changed(): void {
    // Places of what was found before are those of another text.
    marks = []
    paint()
    onInput()
  }

  field.addEventListener('input', changed)
  field.addEventListener('scroll', follow)
  new ResizeObserver(follow).observe(field)

  return {
    get text() {
      return field.value
    },
    setText(text) {
      field.value = text
      field.setSelectionRange(0, 0)
      field.scrollTop = 0
      changed()
    },
    edit(changes) {
      field.focus()
      for (const { start, end, text } of [...changes].sort((a, b) => b.start - a.start)) {
        field.setSelectionRange(start, end)
        // What is typed can be undone; where a browser does not type for us, the text is set. It does not type nothing at all.
        const command = text === '' ? 'delete' : 'insertText'
        if (!document.execCommand(command, false, text)) field.setRangeText(text, start, end, 'end')
      }
      changed()
    },
    setMarks(found) {
      marks = found
      paint()
    },
    show(start, end = start) {
      field.focus()
      field.setSelectionRange(start, end)
      const line = field.value.slice(0, start).split('\n').length
      const height = Number.parseFloat(getComputedStyle(field).lineHeight)
      field.scrollTop = Math.max(0, (line - 4) * height)
      follow()
    },
  }
}

function paintedPieces(text: string, marks: readonly Mark[]): readonly Node[] {
  // Warnings first, so that an error on the same words is seen.
  const sorted = [...marks].sort((a, b) => (a.severity === b.severity ? 0 : a.severity === 'warning' ? -1 : 1))
  const cuts = [...new Set(sorted.flatMap(({ start, end }) => [start, Math.max(end, start + 1)]))].sort((a, b) => a - b)
  const nodes = piecesOf(text).flatMap(({ kind, start, end }) => {
    const inner = cuts.filter((cut) => cut > start && cut < end)
    return [start, ...inner].map((from, index) => {
      const part = text.slice(from, inner[index] ?? end)
      const mark = sorted.findLast((each) => each.start <= from && from < Math.max(each.end, each.start + 1))
      const classes = [kind, mark?.severity].filter((name) => name !== undefined)
      return classes.length === 0 ? document.createTextNode(part) : make('span', { class: classes.join(' ') }, part)
    })
  })
  // A last line that is empty has a height only when something stands in it.
  return [...nodes, document.createTextNode('\n')]
}
