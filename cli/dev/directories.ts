/**
 * Watches directories, not files: editors that write a new file and rename it over the old one, and files that are new, are
 * noticed like any other change.
 */
import { type FSWatcher, statSync, watch } from 'node:fs'

export interface DirectoryWatch {
  /**
   * Watches these and no others; true when one of them was not watched before, or is gone: what its watcher had yet to tell is lost
   * with it. Those that are not there are left out.
   */
  readonly follow: (directories: Iterable<string>) => boolean
  readonly close: () => void
}

interface Watched {
  readonly watcher: FSWatcher
  /** Of the directory: one that was made anew under its name is another, even where it was given the same inode. */
  readonly identity: string
}

export function watchDirectories(onEvent: () => void): DirectoryWatch {
  const watched = new Map<string, Watched>()

  function stop(directory: string): void {
    watched.get(directory)?.watcher.close()
    watched.delete(directory)
  }

  function start(directory: string): boolean {
    const stat = statSync(directory, { throwIfNoEntry: false })
    const identity = stat && `${stat.ino} ${stat.birthtimeMs}`
    const before = watched.get(directory)?.identity
    if (identity !== undefined && before === identity) return false
    stop(directory)
    if (identity === undefined) return before !== undefined
    try {
      // On Windows a directory that vanishes is an error of its watcher; looking again finds out what became of it.
      const watcher = watch(directory, onEvent).on('error', onEvent)
      watched.set(directory, { watcher, identity })
      return true
    } catch (error) {
      // It went away in between; whoever made it go has caused an event in the directory above.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
      throw error
    }
  }

  return {
    follow(directories) {
      const wanted = new Set(directories)
      for (const directory of watched.keys()) if (!wanted.has(directory)) stop(directory)
      let isNew = false
      for (const directory of wanted) if (start(directory)) isNew = true
      return isNew
    },
    close() {
      for (const directory of [...watched.keys()]) stop(directory)
    },
  }
}
