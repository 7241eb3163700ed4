/** Door of clients: found, registered, fetched and authenticated. */
export { type ClientRange, type Clients, createClients, type StoredClient } from './clients.ts'
export { isLoopbackRedirect, matchesRedirect, PRIVATE_SCHEMES } from './redirect-uri.ts'
export { type Refusal, recordRefusal } from './refusals.ts'
