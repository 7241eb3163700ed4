// A process in which better-sqlite3 is not installed: prints the error of a host over SQLite, as JSON.
import { register } from 'node:module'

const hooks = `export async function resolve(name, context, next) {
  if (name === 'better-sqlite3') throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  return next(name, context)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)

const { createKavach } = await import('kavachos')
try {
  await createKavach({ database: { provider: 'sqlite', url: 'kavach.db' } })
} catch (error) {
  process.stdout.write(JSON.stringify(error))
}
