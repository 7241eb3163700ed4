/** The shape of a JSON value in policy text: its brackets, and its keys and values as they were written. */

export type JsonShape =
  | string
  | {
      readonly open: '{' | '['
      readonly items: readonly { readonly key: string | undefined; readonly value: JsonShape }[]
    }

/** The shape of the value that starts at `start`, which `readJson` has read without a fault. */
export function jsonShape(text: string, start: number): JsonShape {
  const tokens = text.slice(start).matchAll(TOKEN)
  const next = (): string => {
    for (let token = tokens.next(); !token.done; token = tokens.next())
      if (!token.value[0].startsWith('//')) return token.value[0]
    return ''
  }
  const value = (first: string): JsonShape => {
    if (first !== '{' && first !== '[') return first
    const items: { key: string | undefined; value: JsonShape }[] = []
    for (let token = next(); token !== '}' && token !== ']' && token !== ''; token = next()) {
      if (token === ',') token = next()
      if (first === '[') items.push({ key: undefined, value: value(token) })
      else {
        next()
        items.push({ key: token, value: value(next()) })
      }
    }
    return { open: first, items }
  }
  return value(next())
}

const TOKEN = /"(?:\\.|[^"\\])*"|\/\/[^\n]*|[{}[\]:,]|[^\s{}[\]:,"/]+/g
