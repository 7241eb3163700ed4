/** Door of the HTTP API. */
export { API_ROUTES, createHttpApi, type HttpApi, openApiDocument, ownsApiPath } from './api.ts'
export { isOfType, readStream } from './bounded.ts'
export { type ClientAddress, createClientAddress } from './client-address.ts'
export type { HttpOptions, RequestContext } from './options.ts'
