// Holds the database until it is told to let go. node hold-child.mjs FILE
import Database from 'better-sqlite3'

const database = new Database(process.argv[2])
database.exec('BEGIN EXCLUSIVE')
process.send('held')
process.once('message', () => {
  database.exec('COMMIT')
  database.close()
  process.disconnect()
})
