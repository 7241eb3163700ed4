// A policy that somebody edits: read, checked and analysed anew after each change.
import { analyzePolicy } from 'kavachos/compiler'
import { check } from './compile-work.mjs'
import { editorText } from './policy-text.mjs'

export const rows = {
  '2,000 lines checked after a change, as an editor does': { atMostMs: 100, prepare: checkEdited },
}

/** One grant is another at every run. */
function checkEdited() {
  const text = editorText()
  let edits = 0
  return () => {
    const edited = text.replace('mcp:server_31', `mcp:edited_${edits++}`)
    const { file, ...checked } = check(edited)
    const { unknown } = analyzePolicy({ ...checked, files: [file] }, { assertions: false })
    if (unknown > 0) throw new Error('the policy is not sound')
  }
}
