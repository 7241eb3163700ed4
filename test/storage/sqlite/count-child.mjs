// Adds 1 to a counter, COUNT times, in as many transactions. node count-child.mjs FILE COUNT
import { openSqliteStore } from '../../../dist/storage/index.js'

const [url, count] = process.argv.slice(2)
const store = await openSqliteStore({ url, durability: 'process', deadlineMs: 20_000 })
await store.migrate()
process.send('ready')
process.once('message', async () => {
  const key = { key: 'k', windowStart: 0 }
  const waits = []
  for (let done = 0; done < Number(count); done++) {
    const begun = performance.now()
    await store.transaction('default', async (tx) => {
      const used = (await tx.get('meters', key))?.used ?? 0
      await tx.put('meters', [{ ...key, used: used + 1 }])
    })
    waits.push(performance.now() - begun)
  }
  await store.close()
  process.send({ longestMs: Math.max(...waits) })
  process.disconnect()
})
