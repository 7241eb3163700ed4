/** Door `kavachos/client`: a host that answers elsewhere. */
export {
  type Client,
  type ClientAuthorizeRequest,
  type ClientOptions,
  createClient,
  type NewlyMade,
  type Reason,
  type Vote,
} from './client.ts'
export { KavachError } from './error.ts'
export type { CallOptions } from './transport.ts'
export type { Wire } from './wire.ts'
