/** Numbers as people write them. */

/** Digits with their sign, and the power of ten to multiply them by. Throws for what is no number with an exponent. */
export function decimalOf(text: string): readonly [digits: string, power: number] {
  // The destructuring throws when there is no match.
  const [, whole, fraction = '', power] = /^(-?(?:0|[1-9]\d*))(?:\.(\d+))?e([+-]?\d+)$/.exec(text) as RegExpExecArray
  return [whole + fraction, Number(power) - fraction.length]
}
