/** The page's elements, found and made. */

/** The element of that id. @throws {Error} when the page has none of that class */
export function byId<E extends HTMLElement>(id: string, type: abstract new (...args: never[]) => E): E {
  const found = document.getElementById(id)
  if (found instanceof type) return found
  throw new Error(`the page has no \`${id}\``)
}

interface Properties {
  readonly class?: string
  readonly title?: string
  readonly onClick?: () => void
}

/** A new element. What is `undefined` among the children is left out; text is text, never markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly (Node | string | undefined)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (properties.class !== undefined) element.className = properties.class
  if (properties.title !== undefined) element.title = properties.title
  if (properties.onClick !== undefined) element.addEventListener('click', properties.onClick)
  if (element instanceof HTMLButtonElement) element.type = 'button'
  element.append(...children.filter((child) => child !== undefined))
  return element
}
