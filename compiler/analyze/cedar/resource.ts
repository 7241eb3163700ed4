/** Resources as Cedar sees them: their segments one by one. */
import { isName } from '../../model/index.ts'
import type { CedarEntity } from './entity.ts'

/** Most segments of a resource (docs/language.md, section 2). */
export const MAX_RESOURCE_SEGMENTS = 32

/** The resource with its segments as attributes, or `undefined` for what is no resource. */
export function toResource(text: string): CedarEntity | undefined {
  const segments = text.split(':')
  if (segments.length > MAX_RESOURCE_SEGMENTS || !segments.every(isName)) return undefined
  const attrs = Object.fromEntries(segments.map((segment, index) => [`s${index}`, segment]))
  return { uid: { type: 'Resource', id: text }, attrs: { count: segments.length, ...attrs }, parents: [] }
}
