/** Options of the HTTP API. */

export interface HttpOptions {
  /**
   * Which proxies in front are believed when they say where a request comes from: how many there are, or their addresses and
   * networks. Default: none, and `X-Forwarded-For` means nothing.
   */
  readonly trustProxy?: number | readonly string[] | undefined
  /** Web pages that may call the API: origins such as `https://console.example.com`. Default: none. */
  readonly cors?: { readonly origins: readonly string[] } | undefined
  /** Decisions that may wait at the same time; those beyond are refused with 503. Default 512. */
  readonly maxWaiting?: number | undefined
}

/** What a request brought along that is not in it. */
export interface RequestContext {
  /** Address of whoever is connected, as the adapter knows it. */
  readonly ip?: string | undefined
}

export const MAX_WAITING = 512
