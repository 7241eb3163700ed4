/**
 * Holds kavach.tmLanguage.json against every policy of the repository: what the lexer of the language calls a keyword, a string, a
 * regex, a number or a comment has that colour, and nothing is left that the grammar has no rule for.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHighlighter } from 'shiki'
import { ROOT } from './stage.mjs'

const PLAIN = 'source.kavach'

/** What is wrong, a line each; empty when nothing is. `keywords` are the words that the language spells. */
export async function grammarFaults(keywords) {
  const grammar = JSON.parse(readFileSync(join(ROOT, 'site/kavach.tmLanguage.json'), 'utf8'))
  const highlighter = await createHighlighter({ themes: ['github-light'], langs: [grammar] })
  const files = readdirSync(join(ROOT, 'policies'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.kavach'),
  )
  const faults = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, 'policies', file), 'utf8')
    const { tokens } = highlighter.codeToTokens(text, {
      lang: 'kavach',
      theme: 'github-light',
      includeExplanation: 'scopeName',
    })
    return tokens.flatMap((line, number) => {
      const parts = line.flatMap(({ explanation = [] }) =>
        explanation.map(({ content, scopes }) => ({ content, scope: scopes.at(-1).scopeName })),
      )
      return faultsOf(parts, keywords).map((fault) => `policies/${file}:${number + 1}: ${fault}`)
    })
  })
  highlighter.dispose()
  return files.length === 0 ? ['there are no policies to look at'] : faults
}

function faultsOf(parts, keywords) {
  const faults = []
  const line = parts.map(({ content }) => content).join('')
  const first = parts.find(({ content }) => content.trim() !== '')
  // A line begins with a word of the language, a comment, the end of a block, or an action that goes on from the line before.
  if (/^\s*\w/.test(line) && first !== undefined && !/^(keyword|constant)/.test(first.scope)) {
    faults.push(`\`${first.content.trim()}\` begins a line and is ${first.scope}`)
  }
  for (const { content, scope } of parts) {
    if (scope !== PLAIN) continue
    if (/["/]|\d/.test(content)) faults.push(`\`${content.trim()}\` has no colour`)
    for (const word of content.match(/(?<![\w-])[a-zA-Z]+(?![\w:-])/g) ?? []) {
      if (keywords.has(word)) faults.push(`\`${word}\` is a keyword without its colour`)
    }
  }
  if (
    /^\s*\/\//.test(line) &&
    !parts.every(({ scope, content }) => content.trim() === '' || scope.startsWith('comment'))
  ) {
    faults.push('a comment that is more than that')
  }
  return faults
}
