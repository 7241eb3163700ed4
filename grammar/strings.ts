/** Writes strings the way policy text may hold them. `parseString` of the model reads them back. */

/**
 * The literal of a value: on one line, NFC whatever the value is, and free of everything that the text hygiene refuses
 * (controls, bidi and invisible characters become `\u{...}`).
 */
export function quoteString(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`
  const stable = value.normalize('NFC') === value
  return `"${value.replace(stable ? UNPRINTABLE : UNPRINTABLE_OR_FOREIGN, escapeCharacter)}"`
}

const PLAIN = /^[ !#-[\]-~]*$/
const UNPRINTABLE = /["\\\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]|(?! )\p{Zs}/gu
const UNPRINTABLE_OR_FOREIGN = /["\\]|[^\x20-\x7e]/gu

function escapeCharacter(character: string): string {
  switch (character) {
    case '"':
      return '\\"'
    case '\\':
      return '\\\\'
    case '\n':
      return '\\n'
    case '\t':
      return '\\t'
    case '\r':
      return '\\r'
    default:
      return `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`
  }
}
