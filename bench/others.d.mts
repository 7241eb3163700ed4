/** Types of the load that others make. */

export function watchOthers(): () => number
