/** Rates that a host application may ask for: new accounts, one-time codes and attempts to sign in. */
import { isWellFormed, toHex } from '../../compiler/model/index.ts'
import { entryOf } from '../audit/index.ts'
import { KavachError, type KavachErrorCode } from '../errors.ts'
import type { Site } from '../site.ts'

export type RateName = 'signup' | 'otp' | 'auth'

export interface Rates {
  /**
   * Takes one, or refuses and takes nothing. Windows are aligned to UTC. `key` names the user; `signup` is counted for the
   * whole project and needs none. Only a digest of the key is kept.
   *
   * @throws {KavachError} KVCH_E_RATE_SIGNUP_EXCEEDED, KVCH_E_RATE_OTP_EXCEEDED or KVCH_E_RATE_USER_EXCEEDED, with
   * `retryAfter`
   */
  readonly take: (name: RateName, key?: string) => Promise<void>
}

interface Rate {
  readonly count: number
  readonly seconds: number
}

const DEFAULTS: { readonly [N in RateName]: Rate } = {
  signup: { count: 50, seconds: 3600 },
  otp: { count: 5, seconds: 600 },
  auth: { count: 10, seconds: 60 },
}

const CODES: { readonly [N in RateName]: KavachErrorCode } = {
  signup: 'KVCH_E_RATE_SIGNUP_EXCEEDED',
  otp: 'KVCH_E_RATE_OTP_EXCEEDED',
  auth: 'KVCH_E_RATE_USER_EXCEEDED',
}

/** @throws {KavachError} KVCH_E_CONFIG_INVALID */
export function createRates(site: Pick<Site, 'settings' | 'sha256' | 'change'>): Rates {
  const rates = readRates(site.settings.limits.rates)

  function meterKey(name: RateName, key: string | undefined): string {
    const isNamed = typeof key === 'string' && key !== '' && isWellFormed(key)
    if (!isNamed && (name !== 'signup' || key !== undefined)) {
      throw new KavachError('KVCH_E_REQUEST_INVALID', `key: name the user whose \`${name}\` rate is meant`, {
        details: { path: 'key' },
      })
    }
    return name === 'signup' ? 'rate/signup' : `rate/${name}=${toHex(site.sha256(new TextEncoder().encode(key)))}`
  }

  return {
    async take(name, key) {
      const rate = rates.get(name)
      if (rate === undefined) {
        throw new KavachError('KVCH_E_REQUEST_INVALID', `\`${name}\` is no rate: use signup, otp or auth`, {
          details: { path: 'name' },
        })
      }
      const meter = meterKey(name, key)
      const { count, seconds } = rate
      const retryAfter = await site.change(async (change) => {
        const windowMs = seconds * 1000
        const windowStart = change.now - (change.now % windowMs)
        const used = (await change.get('meters', { key: meter, windowStart }))?.used ?? 0
        // One beyond the limit says that the refusal of this window has its row.
        if (used <= count) await change.put('meters', [{ key: meter, windowStart, used: used + 1 }])
        if (used < count) return undefined
        if (used === count) change.record(entryOf(exceeded(name, key, rate)))
        return Math.ceil((windowStart + windowMs - change.now) / 1000)
      })
      if (retryAfter !== undefined)
        throw new KavachError(CODES[name], undefined, { retryAfter, details: { rate: name } })
    },
  }
}

function exceeded(name: RateName, key: string | undefined, { count, seconds }: Rate) {
  return {
    kind: 'rate.exceed',
    actor: 'host',
    result: 'denied',
    ...(key !== undefined && { personal: { key } }),
    members: { rate: name, count, seconds, code: CODES[name] },
  } as const
}

function readRates(given: Site['settings']['limits']['rates'] = {}): ReadonlyMap<string, Rate> {
  for (const [name, rate] of Object.entries(given)) {
    const path = `limits.rates.${name}`
    if (!Object.hasOwn(DEFAULTS, name)) fail(path, 'there is no such rate: use signup, otp or auth')
    if (typeof rate !== 'object' || rate === null) fail(path, 'must be `{ count, seconds }`')
    if (!Number.isSafeInteger(rate.count) || rate.count < 0) fail(`${path}.count`, 'must be a whole number, 0 or more')
    if (!Number.isSafeInteger(rate.seconds) || rate.seconds <= 0 || rate.seconds > 31 * 86_400) {
      fail(`${path}.seconds`, 'must be a whole number of seconds, at most 31 days')
    }
  }
  return new Map(Object.entries({ ...DEFAULTS, ...given }))
}

function fail(path: string, message: string): never {
  throw new KavachError('KVCH_E_CONFIG_INVALID', `${path}: ${message}`, { details: { path } })
}
