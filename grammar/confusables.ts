/** Characters that pass for ASCII in common fonts, and what they pass for. Ours: the ones that occur in attacks and slips. */

const PAIRS: readonly (readonly [string, string])[] = [
  // Cyrillic
  ['аеорсухіјѕһԁԛԝӏ', 'aeopcyxijshdqwl'],
  ['АВЕКМНОРСТХІЈЅУԚԜ', 'ABEKMHOPCTXIJSYQW'],
  // Greek
  ['αικνορυχ', 'aikvopux'],
  ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEZHIKMNOPTYX'],
  // Armenian, Cherokee
  ['հոսօցղ', 'hnuogn'],
  ['ᎪᏴᏟᎬᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃ', 'ABCEHJKLMPRSTVWZ'],
  // Latin letters of other writing, and modifier forms
  ['ɑɡıȷʋɩ', 'agijvi'],
  // Punctuation
  ['\u2010\u2011\u2012\u2013\u2212', '-----'],
  ['\u2044\u2215\u2236\ua789\u2024\u2217', '//::.*'],
]

/** Fullwidth forms are ASCII moved by this much. */
const FULLWIDTH = 0xfee0

/** From a character to the ASCII it looks like. */
export const CONFUSABLES: ReadonlyMap<string, string> = new Map([
  ...PAIRS.flatMap(([foreign, ascii]) =>
    [...foreign].map((character, index) => [character, ascii.charAt(index)] as const),
  ),
  ...Array.from({ length: 0x5e }, (_, index): readonly [string, string] => [
    String.fromCharCode(0x21 + index + FULLWIDTH),
    String.fromCharCode(0x21 + index),
  ]),
])
