/** What fetches documents of strangers connects to the addresses that were looked at, on every runtime, and to no other. */
import { expect, test } from 'vitest'
import { selfSigned } from '../../fixtures/self-signed.ts'
import { ask, RUNTIMES } from './runtimes.ts'

const FAILED = 'KVCH_E_MCP_METADATA_FETCH_FAILED'

test.each(RUNTIMES)('on $name', async (runtime) => {
  expect(await ask(runtime, 'pinned', JSON.stringify(selfSigned()))).toEqual({
    'a name that leads here': [200, 'client.example', 'client.example', 'identity'],
    'a name that leads elsewhere by now': [FAILED],
    'a name that leads here behind an address where nobody is': [200, 'client.example', 'client.example', 'identity'],
    'an address that is not public': [FAILED],
    'loopback, where it is not allowed': [FAILED],
    'a certificate of nobody': [FAILED],
    'a redirection': [302, 'client.example', 'client.example', 'identity'],
    'a compressed answer': [FAILED],
    'a long answer': [FAILED],
    'a long header': [FAILED],
    'an answer that drips': [FAILED],
    'no answer': [FAILED],
  })
})
