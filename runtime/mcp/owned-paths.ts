/** The paths of the authorization server, for those who decide where a request goes before anything is open. */
import { resourceMetadataUrl } from './metadata.ts'
import type { McpSettings } from './settings.ts'

/** True for a path of an endpoint, and for those of the documents about MCP servers. */
export function ownedPaths({ urls, issuer, resources }: McpSettings): (pathname: string) => boolean {
  const all = [
    ...Object.values(urls),
    `${issuer}/.well-known/oauth-authorization-server`,
    `${issuer}/.well-known/openid-configuration`,
    ...resources.map(({ url }) => resourceMetadataUrl(url)),
  ]
  const paths = new Set(all.map((url) => new URL(url).pathname))
  return (pathname) => paths.has(pathname)
}
