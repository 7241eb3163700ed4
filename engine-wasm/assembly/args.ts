/** Finds arguments by path in the request's argument object. */
import { FIELD_ARGS, S_WORDS, VALUE_OBJECT } from '../format/layout'
import { oneOf, section, stringIs } from './image'
import { fact, valueEnd } from './request'

/** Value of `findArgument` when nothing is there: the name, an object on the way, or `args` itself is absent. */
export const MISSING: usize = 0
/** Value of `findArgument` when the path runs through something that is not an object. */
export const BLOCKED: usize = 1

/** Address of the value at the path (word indices of names), MISSING or BLOCKED. */
export function findArgument(base: usize, path: u32, count: u32): usize {
  let value = fact(FIELD_ARGS)
  let name = section(base, S_WORDS) + (<usize>path << 2)
  for (let i: u32 = 0; i < count && value != MISSING; i++) {
    if (<u32>load<u8>(value) != VALUE_OBJECT) return BLOCKED
    value = member(base, value, load<u32>(name))
    name += 4
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
  return MISSING
}

/** True when the name of every member of an object is one of the listed ones. */
export function onlyNames(base: usize, list: u32, count: u32, object: usize): bool {
  const total = load<u32>(object, 5)
  let entry = object + 9
  for (let i: u32 = 0; i < total; i++) {
    const length = <usize>load<u32>(entry)
    if (!oneOf(base, list, count, entry + 4, length)) return false
    entry = valueEnd(entry + 4 + length)
  }
  return true
}
