// @ts-check
// The command line of the example.
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'

/**
 * @typedef {object} Options
 * @property {number} port Of the authorization server; the MCP servers have the two behind it.
 * @property {string} password Of alice.
 * @property {string} approver What an approver shows.
 * @property {{ id: string, secret: string } | undefined} introspection A resource server that may ask about tokens.
 * @property {boolean} hasRateLimit
 * @property {boolean} allowsLoopbackMetadata
 * @property {string | undefined} info A file that is written when everything listens, for programs.
 */

const USAGE = `usage: npm run example:mcp -- [options]

  --port <port>                         of the authorization server; MCP servers on the two behind it (default: 4100)
  --password <password>                 of the user alice (default: made up, and printed)
  --approver <secret>                   what approvers show (default: made up, and printed)
  --introspection-client <id>:<secret>  a resource server that may ask about tokens
  --no-rate-limit                       for programs that ask a lot
  --allow-loopback-metadata             clients may publish their metadata on https://localhost
  --info <file>                         writes all that is printed as JSON, when everything listens
`

/** @param {readonly string[]} args @returns {Options} */
export function readOptions(args) {
  const { values } = parse(args)
  if (values.help) {
    console.log(USAGE)
    process.exit(0)
  }
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_533) fail('--port wants a number from 1 to 65533')
  return {
    port,
    password: values.password ?? randomBytes(9).toString('base64url'),
    approver: values.approver ?? randomBytes(18).toString('base64url'),
    introspection: readClient(values['introspection-client']),
    hasRateLimit: !values['no-rate-limit'],
    allowsLoopbackMetadata: values['allow-loopback-metadata'] === true,
    info: values.info,
  }
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '4100' },
        password: { type: 'string' },
        approver: { type: 'string' },
        'introspection-client': { type: 'string' },
        'no-rate-limit': { type: 'boolean' },
        'allow-loopback-metadata': { type: 'boolean' },
        info: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

/** @param {string | undefined} text */
function readClient(text) {
  if (text === undefined) return undefined
  const [, id = '', secret = ''] = /^([^:]+):(.+)$/.exec(text) ?? []
  if (secret === '') fail('--introspection-client wants ID:SECRET')
  return { id, secret }
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`${message}\n\n${USAGE}`)
  process.exit(64)
}
