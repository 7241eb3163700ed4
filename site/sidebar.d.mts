interface Item {
  readonly text: string
  readonly link?: string
  readonly items?: readonly Item[]
}
export function toSidebar(): Readonly<Record<string, readonly Item[]>>
