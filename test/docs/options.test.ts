/** docs/options.md has every option of `createKavach` once, with its type, and the defaults that there are. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveSettings } from '../../runtime/options.ts'
import { newApplication, typeErrorsOf } from '../fixtures/application.ts'

interface Row {
  readonly path: string
  readonly type: string
  readonly standard: string
}

const ROWS: readonly Row[] = [
  ...readFileSync('docs/options.md', 'utf8').matchAll(
    /^\| `([\w.[\]]+)` \| (`(?:[^`])+`|function) \|(?: ([^|]*) \|)?/gm,
  ),
].map(([, path = '', type = '', standard = '']) => ({
  path,
  type: type.replaceAll('`', '').replaceAll('\\|', '|'),
  standard: standard.trim().replaceAll('`', ''),
}))

/** The types of the options as TypeScript sees them: every path, and what stands there. */
const TYPES = `import type { createKavach, CheckpointSigner, CheckpointSink, ConfiguredClient, ConsentPort, LoginPort, McpResource, McpScope, PolicySource } from 'kavachos'

type Options = Parameters<typeof createKavach>[0]
type Mcp = NonNullable<Options['mcp']>
type DatabaseOption = NonNullable<Options['database']>
type Permission = McpScope['permissions'][number]
type ToolMapping = NonNullable<McpResource['tools']>[string]
type GrantType = NonNullable<ConfiguredClient['grantTypes']>[number]
type RegistrationOptions = Exclude<NonNullable<Mcp['registration']>, false>
type ClientMetadataOptions = Exclude<NonNullable<Mcp['clientMetadata']>, false>

/** What is taken whole: databases, policies and ports are no tables of options. */
type Whole = 'database' | 'audit.checkpoints.key' | 'db' | 'policy' | 'mcp.login' | 'mcp.consent' | 'mcp.scopes' | 'mcp.resources' | 'mcp.clients'
/** Members of an option, where it is an object of options; of a list its elements, of a table by names its entries. */
type Inside<T> = T extends readonly unknown[] | ((...given: never) => unknown) ? never : T extends object ? (string extends keyof T ? never : T) : never
type Join<A extends string, B extends string> = A extends '' ? B : \`\${A}.\${B}\`
type Paths<T, At extends string = ''> = T extends unknown
  ? { [K in keyof T & string]-?: Join<At, K> extends Whole ? Join<At, K> : PathsOf<NonNullable<T[K]>, Join<At, K>> }[keyof T & string]
  : never
/** An object of options is its members; one that may be something else as well is named itself, too. */
type PathsOf<V, At extends string> = [Inside<V>] extends [never] ? At : Paths<Inside<V>, At> | ([Exclude<V, Inside<V>>] extends [never] ? never : At)

type ValueAt<T, P extends string> = P extends \`\${infer K}.\${infer Rest}\`
  ? K extends keyof Inside<T> ? ValueAt<NonNullable<Inside<T>[K]>, Rest> : never
  : P extends keyof Inside<T> ? NonNullable<Inside<T>[P]> : never
type Element = { 'mcp.resources[]': McpResource; 'mcp.scopes[]': McpScope; 'mcp.clients[]': ConfiguredClient }
type Members<P extends keyof Element> = P extends unknown ? \`\${P}.\${keyof Element[P] & string}\` : never

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
declare function listed<const P extends string>(paths: readonly P[]): Record<P, true>
`

test('every option is on the page once, and nothing else', () => {
  const folder = newApplication('examples/options')
  const paths = ROWS.map(({ path }) => path)
  expect(paths.filter((path, at) => paths.indexOf(path) !== at)).toEqual([])
  const options = paths.filter((path) => !path.includes('[]'))
  const members = paths.filter((path) => path.includes('[]'))
  const same = ROWS.map(({ path, type }) => {
    const [, list = '', member = ''] = /^(.*\[\])\.(\w+)$/.exec(path) ?? []
    const value = list === '' ? `ValueAt<Options, '${path}'>` : `NonNullable<Element['${list}']['${member}']>`
    const expected = type === 'function' ? `Extract<${value}, (...given: never) => unknown>` : type
    return `const same_${path.replace(/\W+/g, '_')}: Same<${value}, ${expected}> = true`
  })
  const program = [
    TYPES,
    // An option that is missing on the page, and one that there is not, are errors of type.
    `const onPage = listed(${JSON.stringify(options)})`,
    "const options: Record<Exclude<Paths<Options>, 'audit'>, true> = onPage",
    "const inTypes: Record<keyof typeof onPage, true> = options as Record<Exclude<Paths<Options>, 'audit'>, true>",
    `const membersOnPage = listed(${JSON.stringify(members)})`,
    'const members: Record<Members<keyof Element>, true> = membersOnPage',
    'const membersInTypes: Record<keyof typeof membersOnPage, true> = members',
    ...same,
    'export {}',
  ]
  writeFileSync(join(folder, 'options.ts'), program.join('\n'))
  expect(typeErrorsOf(folder)).toBe('')
})

test('the defaults of the host are those on the page', () => {
  const standard = Object.fromEntries(ROWS.map((row) => [row.path, row.standard]))
  const settings = resolveSettings({})
  expect({
    project: standard.project,
    deadlineMs: Number(standard.deadlineMs),
    durability: standard['audit.durability'],
    ttlSeconds: Number(standard['approvals.ttlSeconds']),
    reservationSeconds: Number(standard['limits.reservationSeconds']),
    consecutiveDenials: Number(standard['anomaly.consecutiveDenials']),
    tokenTtlMs: Number.parseInt(standard['agents.tokenExpiry'] ?? '', 10) * 60_000,
  }).toEqual({
    project: settings.project,
    deadlineMs: settings.deadlineMs,
    durability: settings.audit.durability,
    ttlSeconds: settings.approvals.ttlSeconds,
    reservationSeconds: settings.limits.reservationSeconds,
    consecutiveDenials: settings.consecutiveDenials,
    tokenTtlMs: settings.tokenTtlMs,
  })
})
