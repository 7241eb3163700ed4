/** Tells those who wait in this process that an approval was decided here, so that they look at once. */

export interface Bell {
  readonly ring: (id: string) => void
  /** A signal that aborts at the next ring, or when `give` does; `done` ends the listening. */
  readonly listen: (
    id: string,
    give: AbortSignal | undefined,
  ) => { readonly signal: AbortSignal; readonly done: () => void }
}

export function createBell(): Bell {
  const listening = new Map<string, Set<AbortController>>()
  return {
    ring(id) {
      for (const listener of listening.get(id) ?? []) listener.abort()
    },
    listen(id, give) {
      const listener = new AbortController()
      const others = listening.get(id) ?? new Set()
      listening.set(id, others.add(listener))
      const stop = () => listener.abort()
      if (give?.aborted) stop()
      give?.addEventListener('abort', stop, { once: true })
      return {
        signal: listener.signal,
        done() {
          give?.removeEventListener('abort', stop)
          others.delete(listener)
          if (others.size === 0) listening.delete(id)
        },
      }
    },
  }
}
