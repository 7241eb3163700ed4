/** A site for those who only read, sign or clean the log of a project: it knows no policy, and decides nothing. */
import { makeChange } from './change.ts'
import { KavachError } from './errors.ts'
import type { Host } from './host.ts'
import { type HostOptions, resolveSettings } from './options.ts'
import type { Site } from './site.ts'
import type { Store } from './store.ts'

interface LogSiteParts {
  readonly store: Store
  readonly host: Host
  readonly sha256: Site['sha256']
  readonly options?: HostOptions
}

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function createLogSite({ store, host, sha256, options = {} }: LogSiteParts): Site {
  const settings = resolveSettings(options)
  const { project } = settings
  return {
    project,
    host,
    store,
    settings,
    sha256,
    read: (work) => store.read(project, work),
    change: (work) => makeChange({ store, host, project, sha256 }, work),
    policy() {
      throw new KavachError('KVCH_E_POLICY_INVALID', 'there is no policy here')
    },
    warn: settings.warn,
  }
}
