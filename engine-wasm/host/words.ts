/** Lists of names, by the number that the module gives them. */

/** The words of a text, as a type. */
export type Word<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Word<Rest> : Text

/** The words of a text. One text is smaller than a list of texts. */
export function wordsOf<Text extends string>(text: Text): readonly Word<Text>[] {
  return text.split(' ') as Word<Text>[] // Both split at blanks.
}
