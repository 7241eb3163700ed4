/** The name of the policy that an engine has, or how it was refused. */
export function nameOf(door, load) {
  try {
    return load().policy.name
  } catch (error) {
    const { name, code, message } = error
    return { isEngineError: error instanceof door.EngineError, name, code, message }
  }
}
