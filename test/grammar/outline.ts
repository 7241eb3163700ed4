/** Reading policy text in tests: trees without offsets, and frames as a person sees them. */
import { expect } from 'vitest'
import { type PolicyFile, parsePolicy, renderDiagnostics } from '../../grammar/index.ts'

/** The tree of text without faults. */
export function parseSound(text: string): PolicyFile {
  const { file, diagnostics } = parsePolicy('p.kavach', text)
  expect(diagnostics).toEqual([])
  expect(file.broken).toEqual([])
  return file
}

/** Header and declarations without offsets; whole numbers as text with an `n`. */
export function meaningOf({ header, declarations }: PolicyFile): unknown {
  return JSON.parse(
    JSON.stringify({ header, declarations }, (key, value) => {
      if (key === 'start' || key === 'end') return undefined
      return typeof value === 'bigint' ? `${value}n` : value
    }),
  )
}

/**
 * A tree in one line for each declaration: `kind(member: ..., ...)`, without offsets, absent members and the values of
 * literals that are there as text too.
 */
export function outline(text: string): string {
  const { header, declarations } = parseSound(text)
  return [...(header === undefined ? [] : [header]), ...declarations].map(show).join('\n')
}

function show(node: unknown): string {
  if (Array.isArray(node)) return `[${node.map(show).join(', ')}]`
  if (typeof node === 'bigint') return `${node}`
  if (typeof node !== 'object' || node === null) return JSON.stringify(node)
  const entries = Object.entries(node).filter(([key, value]) => !SKIPPED.has(key) && value !== undefined)
  if ('text' in node && 'value' in node) return String(node.text)
  const isName = !('kind' in node) && entries.length === 1 && entries[0]?.[0] === 'text'
  if (isName) return JSON.stringify(entries[0]?.[1])
  const members = entries.map(([key, value]) => `${key}: ${show(value)}`).join(', ')
  return 'kind' in node ? `${String(node.kind)}(${members})` : `(${members})`
}

const SKIPPED: ReadonlySet<string> = new Set(['start', 'end', 'kind'])

/** What is printed about a text, in plain text. */
export function frames(text: string, path = 'p.kavach'): string {
  const { diagnostics } = parsePolicy(path, text)
  return renderDiagnostics(diagnostics, new Map([[path, text]]), 'text')
}
