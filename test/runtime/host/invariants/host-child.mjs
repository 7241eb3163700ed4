// A process with a host of its own on a file: does what it is sent, `{ call: ['agents', 'revoke'], args }`, and sends the answer.
// node host-child.mjs FILE OPTIONS
import { createKavach } from 'kavachos'

const [file, options] = process.argv.slice(2)
const kavach = await createKavach({ database: { provider: 'sqlite', url: file }, warn() {}, ...JSON.parse(options) })

async function answer({ call, args, times }) {
  const at = call.slice(0, -1).reduce((part, name) => part[name], kavach)
  const run = () => at[call.at(-1)](...args)
  return times === undefined ? run() : Promise.all(Array.from({ length: times }, run))
}

process.on('message', async (message) => {
  try {
    process.send({ value: await answer(message) })
  } catch (error) {
    process.send({ code: error.code ?? String(error) })
  }
})
process.on('disconnect', () => process.exit())
process.send('ready')
