// Proofs: assertions of a policy, and policies made to be too hard, which end as unknown. Every run begins with a universe of its own.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { analyze, checkPolicy, parsePolicy, proveAssertion } from 'kavachos/compiler'
import { ADVERSARIES } from '../test/compiler/analyze/adversarial/policies.mjs'

const ACME = join(dirname(fileURLToPath(import.meta.url)), '../policies/acme')

/** Eleven more than the policy has, of every kind. */
const MORE = `
assert never * can execute on tool:shell when not args.command in ["ls", "pwd"]
assert never contractor can write on mcp:github:pulls when cost >= 0.51
assert never runtime can write on **
assert only reporter can execute on mcp:warehouse:query
assert only triager can write on mcp:wiki:**
assert every execute on mcp:deploy:production needs approval by "role:release-manager"
assert every execute on mcp:warehouse:query when not args.dry_run = false is denied
assert some reporter can read on mcp:logs:x
assert some runtime can read on mcp:wiki:x
assert never translator can write on **
assert translator within triager
`

export const rows = {
  'prove 20 assertions of acme': { atMostMs: 50, prepare: proveAcme },
  ...Object.fromEntries(
    ADVERSARIES.map((adversary) => [
      `unknown: ${adversary.name}`,
      { atMostMs: 2000, isHeavy: true, prepare: () => end(adversary) },
    ]),
  ),
}

function proveAcme() {
  const files = readdirSync(ACME)
    .filter((name) => name.endsWith('.kavach'))
    .sort()
    .map((name) => parsePolicy(name, readFileSync(join(ACME, name), 'utf8')).file)
  files.push(parsePolicy('more.proof.kavach', MORE).file)
  const { model, assertions } = checkPolicy(files)
  if (assertions.length !== 20) throw new Error(`${assertions.length} assertions instead of 20`)
  return () => proveAll(model, assertions, 'proved')
}

function end({ text }) {
  const { model, assertions } = checkPolicy([parsePolicy('policy.kavach', text).file])
  return () => proveAll(model, assertions, 'unknown')
}

function proveAll(model, assertions, expected) {
  const policy = analyze(model)
  for (const { assertion, text } of assertions) {
    const { kind } = proveAssertion(policy, assertion)
    if (kind !== expected) throw new Error(`${kind}: ${text}`)
  }
}
