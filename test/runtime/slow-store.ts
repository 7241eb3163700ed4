/** A store whose driver has to be waited for, as those of servers have: the memory store, with a promise of every answer. */
import type { Reader, Store, Transaction } from '../../runtime/store.ts'

export function slowly(store: Store): Store {
  return {
    ...store,
    transaction: (project, work) => store.transaction(project, (tx) => work(slowTransaction(tx))),
    read: (project, work) => store.read(project, (reader) => work(slowReader(reader))),
  }
}

function slowReader(reader: Reader): Reader {
  return {
    get: async (table, key) => reader.get(table, key),
    find: async (table, index, range) => reader.find(table, index, range),
  }
}

function slowTransaction(tx: Transaction): Transaction {
  return {
    ...slowReader(tx),
    insert: async (table, rows) => tx.insert(table, rows),
    put: async (table, rows) => tx.put(table, rows),
    remove: async (table, key) => tx.remove(table, key),
  }
}
