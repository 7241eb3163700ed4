/** Regions of access in words: what `kavach who-can` and `kavach what-can` print. */
import type { AccessRegion, ChainAccess, WhoCanAnswer } from '../compiler/analyze/index.ts'
import type { PolicyModel } from '../compiler/model/index.ts'
import { loadAnalyses } from './language.ts'
import type { PolicySource } from './policy-source.ts'

export const ACCESS_FORMATS = ['text', 'json', 'markdown'] as const
export type AccessFormat = (typeof ACCESS_FORMATS)[number]

/** A region with everything that is said of it. */
export interface ShownRegion {
  /** `read on mcp:wiki:** when ip in 10.0.0.0/8`. */
  readonly what: string
  readonly isExact: boolean
  /** Where the grants stand, root first. */
  readonly grants: readonly string[]
  readonly limits: readonly string[]
  /** Guardrails that take a part of it away. */
  readonly except: readonly string[]
  readonly example: AccessRegion['example']
  readonly exampleText: string
}

export interface ShownChain {
  /** `triager`, `summarizer via triager`. */
  readonly who: string
  readonly via: readonly string[]
  /** A hop or an agent of it is made through the API. */
  readonly isThroughApi: boolean
  readonly regions: readonly ShownRegion[]
}

/** Puts the chains of an answer into words. */
export async function showChains(chains: readonly ChainAccess[], source: PolicySource): Promise<readonly ShownChain[]> {
  const analyses = await loadAnalyses()
  const { factsText, requestText } = analyses
  const showGuard = (guard: AccessRegion['except'][number]): string => {
    const text =
      'limit' in guard
        ? analyses.describeGuardrailLimit(guard)
        : isForbid(guard, source.model)
          ? analyses.describeForbid(guard)
          : analyses.describeRequire(guard)
    return `${text.text} (${source.showRule(guard.id)})`
  }
  const showLimit = ({ id, limit, per }: AccessRegion['guardrailLimits'][number]): string =>
    `${analyses.describeLimit(limit)}${per === undefined ? '' : ` each ${per}`} (${source.showRule(id)})`
  return chains.map(({ chain, regions }) => {
    const names = chain.principals.map(({ name }) => name)
    const via = names.slice(0, -1)
    const agent = names.at(-1) ?? ''
    return {
      who: via.length === 0 ? agent : `${agent} via ${via.join(', ')}`,
      via,
      isThroughApi: analyses.isThroughApi(chain),
      regions: regions.map(({ facts, grants, limits, guardrailLimits, except, example }) => ({
        what: factsText(facts),
        isExact: facts.every((fact) => fact.isExact),
        grants: distinct(grants.map(({ id }) => source.showRule(id))),
        limits: distinct([...limits.map((limit) => analyses.describeLimit(limit)), ...guardrailLimits.map(showLimit)]),
        except: except.map(showGuard),
        example,
        exampleText: requestText(example.request),
      })),
    }
  })
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}

function isForbid(guard: AccessRegion['except'][number], { forbids }: PolicyModel): boolean {
  return forbids.some(({ id }) => id === guard.id)
}

/** Chains with their regions, indented. */
export function chainText(chains: readonly ShownChain[]): string {
  return chains
    .map(({ who, isThroughApi, regions }) => `${who}${throughApi(isThroughApi)}\n${regions.map(regionText).join('')}`)
    .join('\n')
}

function throughApi(isThroughApi: boolean): string {
  return isThroughApi ? '  (made through the API, within the boundary)' : ''
}

function regionText(region: ShownRegion): string {
  const lines = [
    `  ${region.what}${region.isExact ? '' : '  (in part: some of it has no short text)'}`,
    `      granted at ${region.grants.join(', ')}`,
    ...region.limits.map((limit) => `      limited to ${limit}`),
    ...region.except.map((guard) => `      except ${guard}`),
    `      such as ${region.exampleText}`,
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** The same as a table. */
export function chainMarkdown(chains: readonly ShownChain[]): string {
  const rows = chains.flatMap(({ who, isThroughApi, regions }) =>
    regions.map(({ what, grants, limits, except, exampleText }) =>
      [
        `${who}${throughApi(isThroughApi)}`,
        what,
        grants.join('<br>'),
        limits.join('<br>'),
        except.join('<br>'),
        `\`${exampleText}\``,
      ]
        .map((cell) => cell.replaceAll('|', '\\|'))
        .join(' | '),
    ),
  )
  if (rows.length === 0) return ''
  return `| who | what | granted at | limits | except | such as |\n|---|---|---|---|---|---|\n${rows.map((row) => `| ${row} |\n`).join('')}`
}

/** The same as data. */
export function chainJson(chains: readonly ShownChain[]): unknown {
  return chains.map(({ via, isThroughApi, regions }) => ({
    via,
    isThroughApi,
    regions: regions.map(({ what, isExact, grants, limits, except, example }) => ({
      what,
      isExact,
      grants,
      limits,
      except,
      example: {
        request: example.request,
        ...(example.state && { state: example.state }),
        decision: example.decision.decision,
      },
    })),
  }))
}

/** Lines about what could not be decided. */
export function unknownText(unknown: WhoCanAnswer['unknown']): string {
  return unknown
    .map(({ agent, via, why }) => `unknown: ${agent}${via.length === 0 ? '' : ` via ${via.join(', ')}`}: ${why}\n`)
    .join('')
}
