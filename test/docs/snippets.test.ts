/** Blocks of pages that stand for themselves: each type-checks in the application that it is meant for, and runs there. */
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { analyzePolicy } from '../../compiler/analyze/index.ts'
import { checkPolicy } from '../../compiler/front/index.ts'
import { parsePolicy } from '../../grammar/index.ts'
import { newApplication, typeErrorsOf } from '../fixtures/application.ts'
import { blocksOf, printedBy } from './blocks.ts'
import { REFERENCE } from './pages.ts'

/** What the snippets take from the application around them; they may declare the same anew. */
const AROUND = `import type { createKavach as open } from 'kavachos'
type Kavach = Awaited<ReturnType<typeof open>>
declare global {
  const kavach: Kavach
  const createKavach: typeof open
  const database: { readonly provider: 'sqlite'; readonly url: string }
  const agentId: string
  const root: { readonly id: string }
  const worker: { readonly id: string }
  const permissions: Parameters<Kavach['delegate']>[0]['permissions']
  const expiresAt: Date
  const request: Request
  function handOver(token: string): Promise<void>
  namespace NodeJS {
    interface ProcessEnv {
      readonly KAVACH_SECRET: string
      readonly KAVACH_SECRET_OLD: string
      readonly WORKER_SECRET: string
      readonly KAVACH_WEBHOOK_SECRET: string
    }
  }
}
`

/** The application itself, in which the snippets run one after another, each with a host of its own in memory and a folder of its own. */
const APPLICATION = `import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { format } from 'node:util'
import { createKavach } from 'kavachos'

process.env.KAVACH_SECRET = 'a secret of 32 bytes for this page'
process.env.KAVACH_SECRET_OLD = 'the secret of 32 bytes before that'
process.env.WORKER_SECRET = 'a secret of 32 characters, or more'
let printed = ''
console.log = (...values) => {
  printed += \`\${format(...values)}\\n\`
}
console.error = () => undefined
const home = process.cwd()
const faults = []
for (const { name, prints } of JSON.parse(readFileSync('running.json', 'utf8'))) {
  printed = ''
  mkdirSync(\`\${home}/run/\${name}\`, { recursive: true })
  process.chdir(\`\${home}/run/\${name}\`)
  cpSync(\`\${home}/policy\`, 'policy', { recursive: true })
  cpSync(\`\${home}/build\`, 'build', { recursive: true })
  const kavach = await createKavach({
    database: { provider: 'memory' },
    warn: () => undefined,
    mcp: {
      issuer: 'http://127.0.0.1:4100',
      resources: [{ url: 'https://tools.example.com/mcp', server: 'tools' }],
      scopes: { use: { description: 'Use', permissions: [{ resource: 'mcp:tools:*', actions: ['execute'] }] } },
      development: { users: { alice: 'a password' } },
    },
  })
  const permissions = [{ resource: 'mcp:github:**', actions: ['read'] }]
  const type = 'autonomous'
  const root = await kavach.agents.create({ ownerId: 'ann', name: 'root', type, permissions })
  const worker = await kavach.agents.create({ ownerId: 'ann', name: 'worker', type, permissions: [] })
  Object.assign(globalThis, {
    kavach, createKavach, root, worker, permissions,
    database: { provider: 'sqlite', url: 'kavach.db' },
    agentId: root.id,
    expiresAt: new Date(Date.now() + 60_000),
    request: new Request('http://127.0.0.1/', { method: 'POST', body: '{}' }),
    handOver: async () => undefined,
    findSession: async () => undefined,
  })
  try {
    await import(\`\${home}/compiled/\${name}.js\`)
    if (prints !== '' && prints !== printed) faults.push(\`\${name}: printed \${printed}\`)
  } catch (error) {
    faults.push(\`\${name}: \${error?.stack ?? error}\`)
  }
}
process.stdout.write(faults.join('\\n'))
process.exit(0)
`

function run(cwd: string, args: readonly string[]) {
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 170_000 })
}

const blocks = REFERENCE.flatMap((page) => blocksOf(readFileSync(page, 'utf8')).map((block) => ({ ...block, page })))

test('every snippet of TypeScript type-checks, and runs unless it says why it does not', { timeout: 180_000 }, () => {
  const folder = newApplication('examples/snippets', { outDir: 'compiled', noEmit: false, rootDir: '.' })
  writeFileSync(join(folder, 'around.ts'), AROUND)
  writeFileSync(join(folder, 'application.mjs'), APPLICATION)
  cpSync('policies/starter', join(folder, 'policy'), { recursive: true })
  run(folder, [resolve('dist/cli/main.js'), 'compile', resolve('policies/acme'), '-o', 'build'])
  const snippets = blocks
    .filter(({ language }) => language === 'ts')
    .map(({ page, line, text, fragment }) => {
      const name = `${page.slice(0, -'.md'.length).replaceAll('/', '-')}-${line}`
      return { name, text, prints: printedBy(text), isRun: fragment === undefined }
    })
  for (const { name, text } of snippets) writeFileSync(join(folder, `${name}.ts`), `${text}export {}\n`)
  expect(typeErrorsOf(folder)).toBe('')
  const running = snippets.filter(({ isRun }) => isRun)
  writeFileSync(join(folder, 'running.json'), JSON.stringify(running))
  const { status, stdout, stderr } = run(folder, ['application.mjs'])
  // A host that nobody gave a key says so.
  const said = stderr.replace(/^kavachos: checkpoints are .*\n/gm, '')
  expect({ status, stdout, said }).toEqual({ status: 0, stdout: '', said: '' })
  expect(running.length).toBeGreaterThan(20)
})

test('every policy passes the checks', () => {
  const policies = blocks.filter(({ language }) => language === 'kavach')
  for (const { page, line, text } of policies) {
    // Rules alone are those of some policy.
    const parsed = parsePolicy('page.kavach', /^policy /m.test(text) ? text : `policy page generation 1\n\n${text}`)
    const checked = checkPolicy([parsed.file])
    const found = [...parsed.diagnostics, ...checked.diagnostics]
    if (checked.model !== undefined) {
      found.push(...analyzePolicy({ ...checked, files: [parsed.file], model: checked.model }).diagnostics)
    }
    expect({ page, line, found }).toEqual({ page, line, found: [] })
  }
  expect(policies.length).toBeGreaterThan(1)
})

test('every block of JSON is JSON, whole or a line at a time', () => {
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }
  const broken = blocks
    .filter(({ language }) => language === 'json')
    .filter(({ text }) => !isJson(text) && !text.trim().split('\n').every(isJson))
  expect(broken).toEqual([])
})
