/** What `database.url` may say, and the file that it names. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KavachError } from '../../runtime/index.ts'

/** An absolute path, or undefined for a database in memory. @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function pathOfUrl(url: string): string | undefined {
  if (typeof url !== 'string' || url === '') fail(`\`${String(url)}\` names no file`)
  if (url === ':memory:' || url === 'file::memory:') return undefined
  if (url.includes('?') && url.startsWith('file:')) fail(`\`${url}\` has parameters, and none are known`)
  if (url.startsWith('file://')) {
    try {
      return fileURLToPath(url)
    } catch (cause) {
      fail(`\`${url}\` names no file of this machine`, cause)
    }
  }
  if (/^[a-z][a-z+]+:\/\//i.test(url)) fail(`\`${url}\` is no file; give a path, a \`file:\` URL or \`:memory:\``)
  return resolve(url.startsWith('file:') ? url.slice('file:'.length) : url)
}

function fail(message: string, cause?: unknown): never {
  throw new KavachError('KVCH_E_CONFIG_INVALID', `database.url: ${message}`, {
    details: { path: 'database.url' },
    ...(cause !== undefined && { cause }),
  })
}
