/** Who has agreed, and whether that is enough: each need takes a vote of its own, from somebody who may give it. */

export interface Need {
  /** An id or a role; absent: anyone. */
  readonly by?: string
  /** How long the approval counts, from the first vote. */
  readonly withinMs?: number
}

export interface Vote {
  readonly id: string
  readonly roles: readonly string[]
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What a policy may name somebody by. */
export function labelsOf({ id, roles }: Pick<Vote, 'id' | 'roles'>): readonly string[] {
  return [id, ...roles]
}

/** How many needs the votes can meet, one vote for each. */
export function needsMet(needs: readonly Need[], votes: readonly Vote[]): number {
  const voteOf: (number | undefined)[] = needs.map(() => undefined)
  // A vote may move to another need that it meets as well, to make room (augmenting paths in a bipartite graph).
  const place = (vote: number, tried: Set<number>): boolean =>
    needs.some((need, at) => {
      const voter = votes[vote]
      if (voter === undefined || tried.has(at) || !meets(need, voter)) return false
      tried.add(at)
      const holder = voteOf[at]
      if (holder !== undefined && !place(holder, tried)) return false
      voteOf[at] = vote
      return true
    })
  return votes.filter((_, vote) => place(vote, new Set())).length
}

function meets({ by }: Need, vote: Vote): boolean {
  return by === undefined || labelsOf(vote).includes(by)
}
