/** The worker: answers each message in turn. The page ends it when it takes too long. */

import { engineWasm } from 'playground:engine'
import { catalogs } from 'playground:examples'
import { createExaminer } from './examine.ts'
import type { Answer, Ask } from './messages.ts'

const examine = createExaminer({
  engineWasm,
  catalogs,
  now: () => Date.now(),
  clock: () => performance.now(),
})

function answer(ask: Ask): Answer {
  try {
    return examine(ask)
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}

addEventListener('message', ({ data }: MessageEvent<Ask>) => {
  // The library of the compiler knows pages only, where this function wants the origin of another one.
  ;(postMessage as (message: Answer) => void)(answer(data))
})
