/** The optional table of users for applications that keep none: `kavach.db.insert(users).values({ ... }).run()`. */
import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { sqlNameOf } from './schema.ts'

/** The table `users` of the schema, with Dates for instants, and in the project `default` unless another one is named. */
export const users = sqliteTable(
  sqlNameOf('users'),
  {
    project: text('project').notNull().default('default'),
    id: text('id').notNull(),
    email: text('email'),
    name: text('name'),
    createdAt: integer('createdAt', { mode: 'timestamp_ms' }).notNull(),
    updatedAt: integer('updatedAt', { mode: 'timestamp_ms' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.project, table.id] })],
)
