/** The figures of the pages are those that were measured: what docs/figures/bench.json says, and nothing that was typed. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fillBlocks } from '../../bench/figures/blocks.mjs'

const PAGES = ['README.md', 'docs/benchmarks.md']

test('blocks and plots are what the results give', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/figures.mjs', '--check'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
}, 30_000)

test('every block of a page has figures', () => {
  const empty = PAGES.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/<!-- figures:([\w-]+) -->\s*<!-- \/figures:/g)].map(
      ([, name]) => `${page}: ${name}`,
    ),
  )
  expect(empty).toEqual([])
})

test('README has the blocks that a newcomer looks for', () => {
  const names = [...readFileSync('README.md', 'utf8').matchAll(/<!-- figures:([\w-]+) -->/g)].map(([, name]) => name)
  expect(names.sort()).toEqual(['decide-table', 'host-table', 'machine', 'peers-table', 'size-table'])
})

describe('a block', () => {
  const results = JSON.parse(readFileSync('docs/figures/bench.json', 'utf8'))
  const page = (text: string) => `before\n<!-- figures:size-table -->\n${text}<!-- /figures:size-table -->\nafter\n`

  test('is the same whatever stood there before', () => {
    const filled = fillBlocks(page(''), results)
    expect(filled).toMatch(/^before\n<!-- figures:size-table -->\n\n\| bundled and minified [\s\S]*\nafter\n$/)
    expect(fillBlocks(page('| engine | 1 byte |\n'), results)).toBe(filled)
    expect(fillBlocks(filled, results)).toBe(filled)
  })

  test('that was not measured stays as it is', () => {
    expect(fillBlocks(page('as it was\n'), {})).toBe(page('as it was\n'))
  })

  test('that nobody makes is an error, and so is one without an end', () => {
    expect(() => fillBlocks('<!-- figures:lies -->\n<!-- /figures:lies -->\n', results)).toThrow(
      'there is no block lies: machine, decide-table, ',
    )
    expect(() => fillBlocks('<!-- figures:machine -->\n', results)).toThrow(
      'the block machine has no end: <!-- /figures:machine -->',
    )
  })
})
