/** The faces of a host: the HTTP API and the authorization server, over one host. */
import { createClientAddress, createHttpApi, type HttpOptions, ownsApiPath } from '../http/index.ts'
import { explainAt, KavachError, type OpenedHost, runTasks, type Sessions, startMaintenance } from '../index.ts'
import {
  createMcp,
  type LoginPort,
  type Mcp,
  type McpOptions,
  type McpSettings,
  ownedPaths,
  type PinnedFetch,
  resolveMcp,
} from '../mcp/index.ts'
import { createFace, type Face } from './face.ts'

export interface FaceOptions {
  readonly http?: HttpOptions | undefined
  readonly mcp?: FaceMcpOptions | undefined
}

/** Who is signed in is asked of the sessions of the host where the port does not say it. */
export type FaceMcpOptions = Omit<McpOptions, 'login'> & {
  readonly login?: LoginPort | Pick<LoginPort, 'loginUrl'> | undefined
}

export interface FacePlace {
  readonly isProduction: boolean
  /** How documents of strangers are fetched, where that can be done safely. */
  readonly fetchDocument: PinnedFetch | undefined
}

export interface OpenedFaces {
  readonly face: Face
  readonly mcp: Mcp | undefined
  /** Does once what is done from time to time. */
  readonly maintain: () => Promise<void>
  /** Ends what is done from time to time. The host is closed by whoever opened it. */
  readonly close: () => Promise<void>
}

/**
 * Looks at the options before anything is opened.
 *
 * @returns what opens the faces over a host
 * @throws {KavachError} KVCH_E_CONFIG_INVALID
 */
export function prepareFaces(
  { http, mcp: given }: FaceOptions,
  { isProduction, fetchDocument }: FacePlace,
): (opened: OpenedHost) => OpenedFaces {
  let sessions: Sessions | undefined
  const settings =
    given &&
    resolveMcp(
      withSessions(given, () => sessions),
      { isProduction },
    )
  return (opened) => {
    const { kavach, site, secretKeys, admitFailure } = opened
    sessions = kavach.sessions
    const api = createHttpApi(opened, http)
    const addressOf = createClientAddress(http?.trustProxy)
    if (settings === undefined) {
      const nothing = async () => undefined
      return { face: createFace([api]), mcp: undefined, maintain: nothing, close: nothing }
    }
    const mcp = createMcp({ site, kavach, settings, secretKeys, admitFailure, isProduction, fetchDocument })
    const maintenance = startMaintenance(site, site.isBrief === true ? [] : mcp.tasks)
    return {
      face: createFace([
        // Rates are counted by the address of the client, not of a proxy that is trusted to name it.
        {
          fetch: (request, context = {}) => mcp.fetch(request, { ip: addressOf(request, context) }),
          owns: ownedPaths(settings),
        },
        api,
      ]),
      mcp: explainAt(mcp, site.settings.docsBaseUrl),
      maintain: () => runTasks(mcp.tasks, site.warn),
      close: maintenance.stop,
    }
  }
}

/** Which paths a host with these options answers, for adapters that are mounted before it is open. */
export function ownedByFaces({ mcp }: FaceOptions): Face['owns'] {
  const owned = ownedPathsOf(mcp)
  return (pathname) => ownsApiPath(pathname) || owned(pathname)
}

function ownedPathsOf(mcp: FaceMcpOptions | undefined): Face['owns'] {
  if (mcp === undefined) return () => false
  try {
    return ownedPaths(settingsOf(mcp))
  } catch (error) {
    // What is wrong with the options, whoever opens the host is told.
    if (error instanceof KavachError) return () => false
    throw error
  }
}

/** Paths are the same in production and elsewhere. */
function settingsOf(mcp: FaceMcpOptions): McpSettings {
  return resolveMcp(
    withSessions(mcp, () => undefined),
    { isProduction: false },
  )
}

function withSessions({ login, ...mcp }: FaceMcpOptions, sessions: () => Sessions | undefined): McpOptions {
  if (login === undefined || 'user' in login) return { ...mcp, login }
  return { ...mcp, login: { loginUrl: login.loginUrl, user: (request) => userOf(sessions(), request) } }
}

/** Whoever has no session that counts signs in anew; an application that does not answer is an error. */
async function userOf(sessions: Sessions | undefined, request: Request) {
  try {
    const session = await sessions?.verify(request)
    return session && { id: session.userId, name: session.name }
  } catch (error) {
    if (error instanceof KavachError && error.code.startsWith('KVCH_E_SESSION_')) return undefined
    throw error
  }
}
