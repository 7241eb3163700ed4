/** The codes that reading policy text can give, beside those of its literals (`KV02..`, `compiler/model/literals`). */

/** Each code with what it means in one line. */
export const SYNTAX_CODES: Readonly<Record<string, string>> = {
  KV0101: 'something else was expected here',
  KV0102: 'a line that starts no statement',
  KV0103: 'a string is not closed on its line',
  KV0104: 'a regex is not closed on its line',
  KV0105: 'a character or operator that the language does not have',
  KV0106: 'a line in a block that starts no member of it',
  KV0107: 'a JSON string with a bad escape or control character',
  KV0108: 'a block is not closed',
  KV0109: 'a `}` that closes nothing',
  KV0110: 'too many syntax errors: the rest of the file was not read',
  KV0111: 'a file with two headers',
  KV0112: 'a word that is no name',
  KV0113: 'a value that is no JSON',
  KV0114: 'JSON that is nested too deeply',
  KV0115: 'a key that occurs twice in a JSON object',
  KV0116: 'a control character in the text',
  KV0117: 'an invisible or bidirectional character in the text',
  KV0118: 'a percentage above 100%',
  KV0119: 'a text that looks like another one (warning)',
  KV0120: 'a byte order mark at the start of the file',
  KV0121: 'text that is not in Unicode normal form C',
  KV0122: 'half of a surrogate pair, or U+FFFD, in the text',
  KV0123: 'a literal that is too long',
}
