/** The scenarios of the conformance program for authorization servers, in every revision of the specification. */

import { expect, test } from 'vitest'
import { register } from '../runtime/mcp/clauses/attack.ts'
import { deploy } from '../runtime/mcp/deployment.ts'
import { runConformance } from './conformance.ts'
import { freePort } from './free-port.ts'

test.each(['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'])(
  'the authorization server passes both scenarios of %s',
  async (version) => {
    const server = await deploy()
    const port = await freePort()
    const { client_id: client } = await register(server, { redirect_uris: [`http://127.0.0.1:${port}/callback`] })
    let led: Promise<unknown> | undefined
    const args = ['authorization', '--url', server.issuer, '--client-id', client, '--resource', server.tools]
    const report = await runConformance([...args, '--port', String(port), '--spec-version', version], (line) => {
      if (!line.startsWith(`${server.issuer}/oauth/authorize?`)) return
      led = server
        .visit('ann')
        .answer(line)
        .then((url) => fetch(url))
    })
    await led
    expect({ code: report.exitCode, last: report.output }).toEqual({
      code: 0,
      last: expect.stringMatching(
        /authorization-server-metadata-endpoint: 1 passed, 0 failed[\s\S]*authorization-code-grant: 1 passed, 0 failed/,
      ),
    })
  },
)
