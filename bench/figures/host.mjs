// The host: decisions that are counted and logged, over HTTP and in a process, and the stores under it.
import { round, table, whole } from './markdown.mjs'

const MODES = ['FULL', 'NORMAL']

export function hostTable({ http, authorize }) {
  const rows = [...(http ? httpRows(http) : []), ...(authorize ? authorizeRows(authorize) : [])]
  return rows.length === 0 ? undefined : table(['durable decisions', 'kavachos', 'bare floor', 'ratio'], rows)
}

function httpRows({ rows }) {
  return MODES.flatMap((mode) => {
    const of = (contender) => rows.find((row) => row.mode === mode && row.contender === contender)
    const ours = of('kavachos')
    if (ours === undefined) return []
    const floors = [of('floor'), of('given')].filter(Boolean)
    const floor = floors.sort((a, b) => b.perSecond.median - a.perSecond.median)[0]
    const show = ({ perSecond, p99Ms }) => `${whole(perSecond.median)}/s, p99 ${whole(p99Ms.median)} ms`
    return [
      [
        `over HTTP, 50 connections, ${mode}`,
        show(ours),
        show(floor),
        `${(ours.perSecond.median / floor.perSecond.median).toFixed(2)}x`,
      ],
    ]
  })
}

function authorizeRows({ rows }) {
  return MODES.flatMap((mode) => {
    const of = (figure) => rows.find((row) => row.mode === mode && row.figure === figure)?.median
    const ours = of('kavachos perSecond')
    if (ours === undefined) return []
    const floor = Math.max(of('floor perSecond'), of('given perSecond') ?? 0)
    const single = (what, figure) => {
      const [mine, bare] = [of(`kavachos ${figure}`), of(`floor ${figure}`)]
      const besides = bare === undefined ? ['', ''] : [`${round(bare)} us`, `${(mine / bare).toFixed(2)}x`]
      return [`\`authorize\`, one caller, ${mode}, ${what}`, `${round(mine)} us`, ...besides]
    }
    return [
      [`\`authorize\`, 256 callers, ${mode}`, `${whole(ours)}/s`, `${whole(floor)}/s`, `${(ours / floor).toFixed(2)}x`],
      single('median', 'singleUs'),
      single('p99', 'singleP99Us'),
    ]
  })
}

export function storageTable({ rows }) {
  const cells = rows.map(({ what, node, perSecond, singleUs, singleP99Us }) => [
    what,
    `${whole(perSecond.median)}/s`,
    `${whole(perSecond.min)} to ${whole(perSecond.max)}`,
    `${round(singleUs.median)} us`,
    singleP99Us === undefined ? '' : `${round(singleP99Us.median)} us`,
    node,
  ])
  return table(['store', 'rows, 256 a transaction', 'spread', 'one row', 'p99', 'Node'], cells)
}
