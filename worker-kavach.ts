/** `createKavach` on Workers and in edge functions: there are no files, and whatever runs there is in production. */
import { createDigest } from './engine-wasm/host/index.ts'
import { type CreateKavach, createKavachOn } from './open-kavach.ts'
import { hashingOf } from './runtime/index.ts'
import { openWorkerStore } from './storage/worker.ts'

/**
 * Opens a host for one request. It can be used at once, and be awaited: what cannot be opened rejects it, and every method.
 *
 * @throws {KavachError} when it is awaited: KVCH_E_CONFIG_INVALID, KVCH_E_STORE_..., KVCH_E_POLICY_...
 */
export const createKavach: CreateKavach = createKavachOn({
  openStore: openWorkerStore,
  createHashing: () => hashingOf(createDigest().digest),
  isProduction: () => true,
  isBrief: true,
})
