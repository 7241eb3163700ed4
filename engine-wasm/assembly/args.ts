/** Finds arguments by path in the request's argument object. */
import { S_WORDS, VALUE_OBJECT } from '../format/layout'
import { section, stringIs } from './image'
import { argsAt, valueEnd } from './request'

/** Value of `findArgument` when nothing is there: the name, an object on the way, or `args` itself is absent. */
export const MISSING: usize = 0
/** Value of `findArgument` when the path runs through something that is not an object. */
export const BLOCKED: usize = 1

/** Address of the value at the path (word indices of names), MISSING or BLOCKED. */
export function findArgument(base: usize, path: u32, count: u32): usize {
  let value = argsAt
  if (value == 0) return MISSING
  const names = section(base, S_WORDS) + (<usize>path << 2)
  for (let i: u32 = 0; i < count; i++) {
    if (<u32>load<u8>(value) != VALUE_OBJECT) return BLOCKED
    value = member(base, value, load<u32>(names + (<usize>i << 2)))
    if (value == 0) return MISSING
  }
  return value
}

function member(base: usize, object: usize, name: u32): usize {
  const count = load<u32>(object, 5)
  let entry = object + 9
  for (let i: u32 = 0; i < count; i++) {
    const length = <usize>load<u32>(entry)
    const value = entry + 4 + length
    if (stringIs(base, name, entry + 4, length)) return value
    entry = valueEnd(value)
  }
  return 0
}

/** True when every argument's name is one of the listed ones. */
export function onlyNames(base: usize, list: u32, count: u32): bool {
  const names = section(base, S_WORDS) + (<usize>list << 2)
  const total = load<u32>(argsAt, 5)
  let entry = argsAt + 9
  for (let i: u32 = 0; i < total; i++) {
    const length = <usize>load<u32>(entry)
    let found = false
    for (let j: u32 = 0; j < count && !found; j++) {
      found = stringIs(base, load<u32>(names + (<usize>j << 2)), entry + 4, length)
    }
    if (!found) return false
    entry = valueEnd(entry + 4 + length)
  }
  return true
}
