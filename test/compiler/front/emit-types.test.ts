import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { checkPolicy, emitTypes } from '../../../compiler/front/index.ts'
import { parse } from './findings.ts'
import { completionsOf } from './language-server.ts'

const CATALOG = JSON.stringify({
  tools: [
    {
      name: 'query',
      inputSchema: {
        type: 'object',
        properties: {
          sql: { type: 'string' },
          limit: { type: 'integer' },
          mode: { enum: ["it's", 'b'], type: 'string' },
          tags: { type: 'array', items: { type: ['string', 'null'] } },
          deep: { type: 'object', properties: { on: { type: 'boolean' } }, required: ['on'] },
        },
        required: ['sql'],
      },
    },
    {
      name: 'list',
      'x-kavach': { action: 'read', resource: 'db:tables' },
      inputSchema: { type: 'object', properties: {} },
    },
    { name: 'free' },
  ],
})

const POLICY = `policy typed generation 4
catalog db from "db.json"
role r { allow read on db:tables, "it's":"\`\${odd}\\\\" }
autonomous agent one { roles r allow execute on mcp:db:query allow write on wiki:{runbooks,notes-*}:* }
service agent two { allow write on log-*:** }
forbid delete on anything
`

function types(policy: string): string {
  const { model, catalogs, diagnostics } = checkPolicy(parse(policy), { loadCatalog: () => CATALOG })
  if (model === undefined) throw new Error(JSON.stringify(diagnostics))
  return emitTypes(model, catalogs)
}

/** The lines of the type `name`. */
function typeIn(text: string, name: string): readonly string[] {
  const declaration = text.slice(text.indexOf(`export type ${name} =`)).split('\n\n')[0] ?? ''
  return declaration.split('\n')
}

/** What the compiler says of `program`, which imports the types from './policy.js': one `line: code` an error. */
function compile(declarations: string, program: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'kavach-types-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    writeFileSync(join(folder, 'policy.d.ts'), declarations)
    writeFileSync(join(folder, 'program.ts'), program)
    const tsc = resolve('node_modules/typescript/bin/tsc')
    const options = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--module',
      'nodenext',
      '--target',
      'es2022',
    ]
    const { stdout } = spawnSync(process.execPath, [tsc, ...options, '--types', '', 'program.ts', 'policy.d.ts'], {
      cwd: folder,
      encoding: 'utf8',
    })
    return [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+)/gm)].map(
      ([, file, line, code]) => `${file} ${line}: ${code}`,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it('types agents, actions, resources and the arguments of tools', () => {
  const program = `import type { Action, Agent, Request, Resource } from './policy.js'
const agent: Agent = 'one'
const other: Agent = 'three'
const action: Action = 'delete'
const unknown: Action = 'destroy'
const resources: Resource[] = ['db:tables', "it's:\`\${odd}\\\\", 'wiki:runbooks:x', 'wiki:notes-1:x', 'log-a:b:c', 'mcp:db:query']
const wrong: Resource = 'wiki:secrets:x'
const query: Request<'execute', 'mcp:db:query'> = {
  agent,
  action: 'execute',
  resource: 'mcp:db:query',
  via: ['two', { agent: 'one', since: 5 }],
  args: { sql: 'select', limit: 5, mode: "it's", tags: ['a', null], deep: { on: true } },
  readings: { used: { minute: 1 }, spent: { day: '1.60' } },
}
const missing: Request<'execute', 'mcp:db:query'> = { agent, action: 'execute', resource: 'mcp:db:query', args: {} }
const mode: Request<'execute', 'mcp:db:query'> = { agent, action: 'execute', resource: 'mcp:db:query', args: { sql: '', mode: 'c' } }
const mapped: Request<'read', 'db:tables'> = { agent, action: 'read', resource: 'db:tables', args: {} }
const extra: Request<'read', 'db:tables'> = { agent, action: 'read', resource: 'db:tables', args: { x: 1 } }
const any: Request = { agent, action: 'write', resource: 'log-a:b', args: { anything: 1 } }
export { action, any, extra, mapped, missing, mode, other, query, resources, unknown, wrong }
`
  expect(compile(types(POLICY), program)).toEqual([
    'program.ts 3: TS2322',
    'program.ts 5: TS2322',
    'program.ts 7: TS2322',
    'program.ts 16: TS2741',
    'program.ts 17: TS2322',
    'program.ts 19: TS2322',
  ])
})

it('offers agents, actions, resources, tools and their arguments to editors', async () => {
  const catalog = `{ "tools": [${CATALOG.slice('{"tools":['.length, -2)}, { "name": "drop" }] }`
  const policy = `policy typed
catalog db from "db.json"
autonomous agent one { allow execute on mcp:db:{query,dr*}, mcp:{log-*,web}:** allow read on db:tables }
service agent two { allow write on wiki:*:notes }
boundary runtime { allow read on db:tables }
`
  const { model, catalogs } = checkPolicy(parse(policy), { loadCatalog: () => catalog })
  if (model === undefined) throw new Error('the policy has errors')
  const declarations = emitTypes(model, catalogs)
  expect(typeIn(declarations, 'Resource')).toEqual([
    'export type Resource =',
    "  | 'db:tables'",
    "  | 'mcp:db:drop'",
    "  | 'mcp:db:query'",
    `  | (\`mcp:db:dr\${string}\` & {})`,
    `  | (\`mcp:log-\${string}:\${string}\` & {})`,
    `  | (\`mcp:web:\${string}\` & {})`,
    `  | (\`wiki:\${string}:notes\` & {})`,
  ])
  const folder = mkdtempSync(join(tmpdir(), 'kavach-types-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    writeFileSync(join(folder, 'policy.d.ts'), declarations)
    writeFileSync(
      join(folder, 'program.ts'),
      `import type { Request } from './policy.js'
const request: Request = { agent: '‸', action: '‸', resource: '‸', args: { '‸': 1 } }
const query: Request<'execute', 'mcp:db:query'> = { agent: 'one', action: '‸', resource: '‸', args: { mode: '‸' } }
export { query, request }
`,
    )
    const offered = await completionsOf(folder, 'program.ts')
    expect(offered.map((labels) => labels.toSorted())).toEqual([
      ['one', 'two'],
      ['execute', 'read', 'write'],
      ['db:tables', 'mcp:db:drop', 'mcp:db:query'],
      ['deep?', 'limit?', 'mode?', 'sql', 'tags?'],
      ['execute'],
      ['mcp:db:query'],
      ['b', "it's"],
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('holds requests to what `*` in a pattern leaves open', () => {
  const program = `import type { Resource } from './policy.js'
const inside: Resource[] = ['db:tables', 'mcp:db:query', 'wiki:runbooks:x', 'log-a:b:c']
// @ts-expect-error
const misspelt: Resource = 'mcp:db:querry'
// @ts-expect-error
const shorter: Resource = 'wiki:runbooks'
// @ts-expect-error
const other: Resource = 'wiki:secrets:x'
// @ts-expect-error: any text could be it.
const some: Resource = String(inside)
export { inside, misspelt, other, shorter, some }
`
  expect(compile(types(POLICY), program)).toEqual([])
})

it('offers names where every resource is covered', () => {
  const open = types('policy p\ncatalog db from "db.json"\nservice agent a { allow read on x:y, ** }\n')
  expect(typeIn(open, 'Resource')).toEqual([
    "export type Resource = 'db:tables' | 'mcp:db:free' | 'mcp:db:query' | 'x:y' | (string & {})",
  ])
})

it('names no resources where they are too many for editors', () => {
  const names = Array.from({ length: 2_001 }, (_, i) => `r:n${i}`)
  const many = types(`policy p\nservice agent a { allow read on ${names.join(', ')} }\n`)
  expect(typeIn(many, 'Resource')).toEqual(['export type Resource = string'])
})

it('leaves open what the policy leaves open', () => {
  const open = types('policy p\nservice agent a { allow * on ** }\nboundary runtime { allow read on x }\n')
  const program = `import type { Agent, Request } from './policy.js'
const request: Request = { agent: 'made-later', action: 'whatever', resource: 'any:thing', args: { x: 1 } }
const agent: Agent = 'a'
export { agent, request }
`
  expect(compile(open, program)).toEqual([])
})

it('is valid for a policy without anything', () => {
  const program = `import type { Agent } from './policy.js'
const agent: Agent = 'a'
export { agent }
`
  expect(compile(types('policy p\n'), program)).toEqual(['program.ts 2: TS2322'])
})

it('is the same text in whatever order the policy is written', () => {
  const grants = ['allow read on a', 'allow write on b:*', 'allow execute on c:**']
  const policy = (order: readonly string[]) => types(`policy p\nservice agent x { ${order.join(' ')} }\n`)
  expect(policy(grants)).toBe(policy(grants.toReversed()))
})
