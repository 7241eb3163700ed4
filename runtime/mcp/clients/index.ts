/** Door of clients: found, registered, fetched and authenticated. */
export type { ClientRange, Clients, StoredClient } from './clients.ts'
