/** Drizzle over `node:sqlite`: its own session for better-sqlite3, over a client in the shape of that one. */
import type { SqliteDrizzle } from './driver.ts'
import { drizzleOf } from './drizzle.ts'
import type { NodeConnection, NodeDatabase } from './node-sqlite.ts'

/** `$client` is the `DatabaseSync`. */
export function drizzleOver(connection: NodeConnection): SqliteDrizzle & { readonly $client: NodeDatabase } {
  const client = {
    prepare: (sql: string) => connection.prepare(sql),
    transaction: <A, R>(work: (argument: A) => R) => transactionOf(connection, work),
  }
  return drizzleOf(client, connection.database)
}

type Behavior = 'deferred' | 'immediate' | 'exclusive'

/** As better-sqlite3 does it: in an open transaction it is a part that can be undone alone. */
function transactionOf<A, R>(
  connection: NodeConnection,
  work: (argument: A) => R,
): Readonly<Record<Behavior, (argument: A) => R>> {
  const withBehavior = (behavior: Behavior) => (argument: A) => {
    const [begin, commit, rollBack] = connection.inTransaction ? NESTED : outermost(behavior)
    connection.exec(begin)
    try {
      const result = work(argument)
      if (result instanceof Promise) throw new TypeError('the work of a transaction must not return a promise')
      connection.exec(commit)
      return result
    } catch (error) {
      // SQLite may have ended it itself.
      if (connection.inTransaction) connection.exec(rollBack)
      throw error
    }
  }
  return {
    deferred: withBehavior('deferred'),
    immediate: withBehavior('immediate'),
    exclusive: withBehavior('exclusive'),
  }
}

const NESTED = ['SAVEPOINT kavach', 'RELEASE kavach', 'ROLLBACK TO kavach; RELEASE kavach'] as const

function outermost(behavior: Behavior) {
  return [`BEGIN ${behavior}`, 'COMMIT', 'ROLLBACK'] as const
}
