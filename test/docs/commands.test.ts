/** Whatever a page tells its reader to type is there: commands and options of `kavach`, scripts of the package, files. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { blocksOf } from './blocks.ts'
import { callsIn, commandsIn, faultOf } from './command-lines.ts'
import { PAGES } from './pages.ts'

const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync('package.json', 'utf8'),
)
const blocks = PAGES.flatMap((page) => {
  const shells = blocksOf(readFileSync(page, 'utf8')).filter(({ language }) => /^(sh|console|text)$/.test(language))
  return shells.map(({ language, line, text }) => {
    // Behind `$ ` stands what is typed; the other lines are what is printed.
    const typed = language === 'console' ? text.replace(/^(?!\$ ).*\n/gm, '').replace(/^\$ /gm, '') : text
    return { page, line, language, typed }
  })
})

test('every call of kavach on a page has a command and options that there are', async () => {
  const calls = blocks.flatMap(({ page, line, typed }) => callsIn(typed).map((words) => ({ page, line, words })))
  const faults = await Promise.all(
    calls.map(async ({ page, line, words }) => {
      const fault = await faultOf(words)
      return fault === undefined ? [] : [`${page}:${line}: ${fault}`]
    }),
  )
  expect(faults.flat()).toEqual([])
  expect(calls.length).toBeGreaterThan(70)
})

test('every call in the text of a page has a command that there is', async () => {
  const spoken = PAGES.flatMap((page) => {
    const prose = readFileSync(page, 'utf8').replace(/```[\s\S]*?```/g, '')
    return [...prose.matchAll(/`((?:npx )?kavach [^`]+)`/g)].flatMap(([, call = '']) =>
      callsIn(call).map((words) => ({ page, words })),
    )
  })
  const faults = await Promise.all(
    spoken.map(async ({ page, words }) => {
      // In a sentence what follows the command may be left out, or stand in capitals for something.
      const fault = await faultOf(words)
      return fault === undefined || /does not take|wants a/.test(fault) ? [] : [`${page}: ${words.join(' ')}: ${fault}`]
    }),
  )
  expect(faults.flat()).toEqual([])
  expect(spoken.length).toBeGreaterThan(50)
})

test('every script and every program that a page names is there', () => {
  const missing = blocks
    .filter(({ language }) => language !== 'text')
    .flatMap(({ page, line, typed }) =>
      commandsIn(typed).flatMap(([command, first = '', second = '']) => {
        const isThere =
          command === 'npm' && first === 'run'
            ? Object.hasOwn(scripts, second)
            : command !== 'node' || !first.includes('/') || existsSync(first)
        return isThere ? [] : [`${page}:${line}: ${command} ${first} ${second}`]
      }),
    )
  expect(missing).toEqual([])
})

describe('the test itself', () => {
  test.each([
    ['kavach chek policy', 'there is no command `chek`'],
    ['npx kavach check policy --strct', '`check` has no option `--strct`'],
    ['kavach policy sign x.wasm --key', '`--key` of `policy sign` wants a value'],
    ['kavach compile', '`compile` does not take 0 arguments'],
    ['echo x | kavach eval -m build/x.wasm', undefined],
    ["KEY=$(kavach keys create --db a.db --name 'a b' --scope approve)", undefined],
    ['PASSWORD=x kavach gateway --policy p.wasm --server files -- npx server /srv', undefined],
  ])('says of %s what is wrong', async (line, fault) => {
    const [words = []] = callsIn(line)
    expect(words.length).toBeGreaterThan(0)
    expect(await faultOf(words)).toBe(fault)
  })
})
