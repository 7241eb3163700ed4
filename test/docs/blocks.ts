/** Fenced blocks of a page. */
export interface Block {
  readonly language: string
  /** The word behind the language: the file that the block is written to. */
  readonly file: string | undefined
  /** Behind `fragment:`: why the block does not run as it stands. */
  readonly fragment: string | undefined
  readonly line: number
  readonly text: string
}

/** In order. */
export function blocksOf(markdown: string): readonly Block[] {
  const blocks = markdown.matchAll(/^```(\w+)(?: (?!fragment:)(\S+))?(?: fragment: ?(.*))?\n([\s\S]*?)^```$/gm)
  return [...blocks].map(({ 1: language = '', 2: file, 3: fragment, 4: text = '', index }) => {
    return { language, file, fragment, line: markdown.slice(0, index).split('\n').length, text }
  })
}

/** What a TypeScript block says that it prints: the comment behind each console.log. */
export function printedBy(text: string): string {
  return [...text.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, printed]) => `${printed}\n`).join('')
}
