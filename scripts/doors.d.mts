/** Types of the table of doors. */
import type { Graph, Platform } from './graph.mjs'

export interface DoorBudget {
  readonly door: string
  readonly platform: Platform
  readonly maxGzippedBytes: number
  readonly packages: readonly string[]
  readonly builtins: readonly string[]
}

export const DOORS: readonly DoorBudget[]

export function leaksOf(allowed: Pick<DoorBudget, 'packages' | 'builtins'>, graph: Graph): readonly string[]
