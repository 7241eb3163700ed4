/** Streams of server-sent events, event by event. @see HTML, section 9.2.6 */

/** Bytes of one event at most; a stream with a longer one breaks off. */
const MAX_EVENT = 64 << 20

/**
 * The same stream with other data: `change` is given the data of each event that has some, one after the other, and an event for
 * which it gives nothing is left out. All else, names, ids and comments, stays as it is.
 */
export function changeEvents(
  stream: ReadableStream<Uint8Array>,
  change: (data: string) => Promise<string | undefined>,
): ReadableStream<Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let pending = ''
  async function flush(block: string, controller: TransformStreamDefaultController<Uint8Array>): Promise<void> {
    const lines = block.split(/\r\n|\r|\n/)
    const data = lines.filter((line) => /^data(?::|$)/.test(line)).map((line) => line.replace(/^data:? ?/, ''))
    if (data.length === 0) {
      controller.enqueue(encoder.encode(`${lines.join('\n')}\n\n`))
      return
    }
    const changed = await change(data.join('\n'))
    if (changed === undefined) return
    const others = lines.filter((line) => !/^data(?::|$)/.test(line) && line !== '')
    const written = [...others, ...changed.split('\n').map((line) => `data: ${line}`)]
    controller.enqueue(encoder.encode(`${written.join('\n')}\n\n`))
  }
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        pending += decoder.decode(chunk, { stream: true })
        for (let end = BLANK_LINE.exec(pending); end !== null; end = BLANK_LINE.exec(pending)) {
          const block = pending.slice(0, end.index)
          pending = pending.slice(end.index + end[0].length)
          if (block !== '') await flush(block, controller)
        }
        if (pending.length > MAX_EVENT) throw new RangeError(`an event is longer than ${MAX_EVENT} characters`)
      },
    }),
  )
}

/** The end of an event. A CR at the very end may be half of a CR LF. */
const BLANK_LINE = /\r\n\r\n|\n\n|\r\r(?!\n|$)|\n\r\n|\r\n\n/
