/** Where an edit of the policy goes in its text, and the text with it made. */
import type {
  AgentDeclaration,
  BoundaryDeclaration,
  DelegationDeclaration,
  GrantNode,
  PolicyFile,
  TextEdit,
} from '../../grammar/index.ts'
import type { SourceMap } from '../front/index.ts'
import { formatString, isName } from '../model/index.ts'
import { nameText } from './describe-rule.ts'
import type { GrantPlace, PolicyEdit } from './explain-edit.ts'

export interface PlacedEdit {
  readonly path: string
  /** From 1: the line that is changed, or behind which the new one goes. */
  readonly line: number
  /** What a person adds or writes there, without the line ends around it. */
  readonly text: string
  readonly edit: TextEdit
}

/** The policy as it was read. */
export interface PolicyText {
  readonly files: readonly PolicyFile[]
  readonly map: SourceMap
}

/** The place of an edit; `undefined` where the text does not show it. */
export function placeEdit(edit: PolicyEdit, policy: PolicyText): PlacedEdit | undefined {
  switch (edit.kind) {
    case 'add-grant': {
      const found = findBlock(edit.to, policy)
      return found && insertMember(found, edit.text, 'last grant')
    }
    case 'add-action': {
      const found = findGrant(edit.grant, policy)
      const last = found?.node.scope.actions.names.at(-1)
      return found && last && place(found.file, last.end, `, ${nameText(edit.action)}`)
    }
    case 'add-pattern': {
      const found = findGrant(edit.grant, policy)
      const last = found?.node.scope.patterns.at(-1)
      return found && last && place(found.file, last.end, `, ${patternText(edit.pattern)}`)
    }
    case 'add-delegation': {
      const found = findBlock({ kind: 'agent', name: edit.delegation.to }, policy)
      if (found === undefined) return undefined
      return place(found.file, found.node.end, `\n\n${edit.text}`)
    }
    case 'set-depth': {
      const found = findBlock({ kind: 'delegation', from: edit.from, to: edit.to }, policy)
      return found && setNumber(found, 'depth', edit.depth)
    }
    case 'set-may-delegate': {
      const found = findBlock(edit.of, policy)
      return found && setNumber(found, 'may', edit.depth)
    }
    case 'add-unless': {
      const rule = policy.map.rules[edit.forbid]
      const file = policy.files.find(({ path }) => path === rule?.path)
      return rule && file && place(file, rule.span.end, ` ${edit.text}`)
    }
  }
}

type Block = AgentDeclaration | DelegationDeclaration | BoundaryDeclaration

interface FoundBlock {
  readonly file: PolicyFile
  readonly node: Block
}

function findBlock(wanted: GrantPlace, { files }: PolicyText): FoundBlock | undefined {
  for (const file of files) {
    for (const node of file.declarations) {
      if (node.kind === 'agent' && wanted.kind === 'agent' && node.name.text === wanted.name) return { file, node }
      if (node.kind === 'boundary' && wanted.kind === 'boundary') return { file, node }
      const isPair = node.kind === 'delegation' && wanted.kind === 'delegation'
      if (isPair && node.from.text === wanted.from && node.to.text === wanted.to) return { file, node }
    }
  }
  return undefined
}

function findGrant(
  id: number,
  { files, map }: PolicyText,
): { readonly file: PolicyFile; readonly node: GrantNode } | undefined {
  const rule = map.rules[id]
  const file = files.find(({ path }) => path === rule?.path)
  if (rule === undefined || file === undefined) return undefined
  for (const declaration of file.declarations) {
    const members =
      declaration.kind === 'role' ? declaration.grants : 'members' in declaration ? declaration.members : []
    for (const node of members) if (node.kind === 'grant' && node.start === rule.span.start) return { file, node }
  }
  return undefined
}

/** A member of its own line, behind the last grant, or first in the block. */
function insertMember({ file, node }: FoundBlock, text: string, after: 'last grant' | 'last'): PlacedEdit {
  const members: readonly { readonly kind: string; readonly end: number }[] = node.members
  const last = members.findLast(({ kind }) => after === 'last' || kind === 'grant') ?? members.at(-1)
  const open = file.text.indexOf('{', 'name' in node ? node.name.end : 'to' in node ? node.to.end : node.start)
  const from = last?.end ?? open + 1
  const close = node.end - 1
  const lineEnd = file.text.indexOf('\n', from)
  // What stands behind the member on its line is a comment, which stays with it.
  const isOneLine = lineEnd < 0 || lineEnd > close
  const at = isOneLine ? close : lineEnd
  const inserted = `\n  ${text}${isOneLine ? '\n' : ''}`
  return { ...place(file, at, inserted), text }
}

/** The member with another number, or a new one. */
function setNumber(found: FoundBlock, kind: 'depth' | 'may', depth: number): PlacedEdit {
  const { file, node } = found
  const members: readonly { readonly kind: string }[] = node.members
  const stated = node.members.find((member) => member.kind === kind)
  if (stated === undefined || !('depth' in stated)) {
    const text = kind === 'may' ? `may delegate depth ${depth}` : `depth ${depth}`
    return insertMember(found, text, members.length > 0 ? 'last' : 'last grant')
  }
  const { start, end } = stated.depth
  return {
    ...place(file, start, String(depth)),
    text: kind === 'may' ? `may delegate depth ${depth}` : `depth ${depth}`,
    edit: { path: file.path, span: { start, end }, text: String(depth) },
  }
}

function place(file: PolicyFile, at: number, text: string): PlacedEdit {
  return {
    path: file.path,
    line: file.text.slice(0, at).split('\n').length,
    text: text.trim(),
    edit: { path: file.path, span: { start: at, end: at }, text },
  }
}

function patternText(resource: string): string {
  return resource
    .split(':')
    .map((segment) => (/^[A-Za-z0-9_.@-]+$/.test(segment) && isName(segment) ? segment : formatString(segment)))
    .join(':')
}
