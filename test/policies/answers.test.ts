/** The policies of this folder in process: what their tests ask is answered alike by the engine and the reference. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadEngineWasm } from '../../cli/engine-wasm.ts'
import { emitImage, emitState, spliceModule } from '../../compiler/emit/index.ts'
import { checkPolicy, RUNTIME_TEST_STATE, runTests } from '../../compiler/front/index.ts'
import { parseState } from '../../compiler/model/index.ts'
import { createReference } from '../../compiler/reference/index.ts'
import { loadLiveEngine } from '../../engine-wasm/host/index.ts'
import { parsePolicy } from '../../grammar/index.ts'
import { productionsOf } from '../corpus/productions.ts'

const NAMES = readdirSync('policies')

describe.each(NAMES)('policies/%s', (name) => {
  const files = filesOf(name)
  const { model } = checkPolicy(files, { loadCatalog: (path, from) => readFileSync(join(dirname(from), path), 'utf8') })

  test('answers its tests in the engine and in the reference as they expect', () => {
    if (model === undefined) throw new Error('the policy has errors')
    const engine = loadLiveEngine(spliceModule(loadEngineWasm(), emitImage(model)))
    const hasBoundary = model.boundary !== undefined
    const made = parseState(hasBoundary ? RUNTIME_TEST_STATE : {})
    if (!made.ok) throw new Error(made.message)
    for (const record of emitState(made.value)) engine.putRecord(record)
    const reference = createReference(files, hasBoundary ? RUNTIME_TEST_STATE : undefined)
    const inEngine = runTests(files, (request) => {
      // KV2008 made sure that arguments are an object.
      const asked = { readings: {}, ...request } as Parameters<typeof engine.decide>[0]
      return engine.decide(asked, { charge: 'caller' })
    })
    const inReference = runTests(files, (request) => reference.decide(request))
    expect(inEngine.filter(({ passed }) => !passed)).toEqual([])
    expect(inReference).toEqual(inEngine)
  })

  test('warns of nothing but what is not proved yet, and of calls that nobody prices', () => {
    const { diagnostics } = checkPolicy(files)
    expect(diagnostics.filter(({ code }) => code !== 'KV9001' && code !== 'KV4003')).toEqual([])
  })

  test('has a page that says what it is', () => {
    expect(readFileSync(`policies/${name}/README.md`, 'utf8').split('\n', 1)).toEqual([`# ${name}`])
  })
})

test('acme uses every construct of the language', () => {
  const used = new Set(filesOf('acme').flatMap((file) => [...productionsOf(file)]))
  expect(CONSTRUCTS.filter((construct) => !used.has(construct))).toEqual([])
})

function filesOf(name: string) {
  const folder = `policies/${name}`
  const paths = readdirSync(folder).filter((path) => path.endsWith('.kavach'))
  return paths.sort().map((path) => parsePolicy(`${folder}/${path}`, readFileSync(join(folder, path), 'utf8')).file)
}

/** One for each line of the table that opens the language: declarations, members, clauses, conditions, assertions, facts. */
const CONSTRUCTS = [
  'header with generation',
  'comment',
  'catalog',
  'set cidrs',
  'set hours',
  'set regex',
  'role without includes',
  'role with includes',
  'agent autonomous',
  'agent delegated',
  'agent service',
  'agent member owner',
  'agent member roles',
  'agent member grant',
  'agent member limit',
  'agent member may',
  'agent member expires-at',
  'delegation grant',
  'delegation limit',
  'delegation expires-in',
  'delegation expires-at',
  'delegation depth',
  'boundary grant',
  'boundary limit',
  'boundary may',
  'grant with when',
  'grant rate',
  'grant approval',
  'grant estimate',
  'rate each resource',
  'rate each tenant',
  'budget throttle per minute',
  'actions *',
  'pattern **',
  'pattern ** at the end',
  'pattern text',
  'pattern * alone',
  'pattern choice',
  'pattern choice with *',
  'args only',
  'ip in set-reference',
  'time in set-reference',
  'not time in set-reference',
  'trust >=',
  'cost <=',
  'len <=',
  'args <=',
  'args =',
  'args in list',
  'args matches regex',
  'args matches set-reference',
  'agent.type =',
  'agent.type in list',
  'agent.owner matches regex',
  'forbid plain',
  'forbid when',
  'forbid unless',
  'require approval',
  'require condition',
  'limit for rate',
  'limit for budget',
  'limit for each agent',
  'limit for each owner',
  'limit for each tenant',
  'assert never *',
  'assert never runtime',
  'assert only a name',
  'assert some names',
  'assert every needs approval',
  'assert every needs a condition',
  'assert every is denied',
  'assert within',
  'test as runtime',
  ...['allow', 'deny', 'approval', 'limited', 'throttle'].map((verdict) => `row ${verdict}`),
  ...['via', 'at', 'since', 'from', 'with', 'used', 'spent', 'trust', 'cost', 'approved-by', 'because'].map(
    (fact) => `fact ${fact}`,
  ),
]
