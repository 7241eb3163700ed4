/** Counts what cases came to, to print it and to hold it against shares that must be reached. */
export class Tally {
  private readonly counts = new Map<string, number>()
  private total = 0

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
    this.total++
  }

  /** Share of all that was added. */
  share(isMeant: (what: string) => boolean): number {
    let count = 0
    for (const [what, times] of this.counts) if (isMeant(what)) count += times
    return count / this.total
  }

  print(title: string): string {
    const rows = [...this.counts].sort(([, a], [, b]) => b - a)
    const lines = rows.map(([what, count]) => {
      return `  ${what.padEnd(36)}${String(count).padStart(9)}${((100 * count) / this.total).toFixed(2).padStart(8)} %`
    })
    return [title, ...lines].join('\n')
  }
}
