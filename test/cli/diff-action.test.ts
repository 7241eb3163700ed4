/**
 * The action and the hook, run for real: the shell steps of `action.yml` as they stand there, in a repository with two
 * versions of a policy, with a `gh` that writes down what it is asked.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderOf, MAIN } from './command.ts'
import { repositoryOf, type TestRepository } from './machine.ts'

const ACTION = readFileSync('.github/actions/policy-diff/action.yml', 'utf8')
const HOOKS = readFileSync('.pre-commit-hooks.yaml', 'utf8')
const LAYOUT = readFileSync('docs/repository-layout.md', 'utf8')

const OLD = 'policy shop generation 1\nautonomous agent buyer { allow read on mcp:shop:** }\n'
const NEW = 'policy shop generation 2\nautonomous agent buyer { allow read on mcp:shop:**, crm:contacts }\n'

interface Step {
  readonly name: string
  readonly run: string
}

/** The steps of the action that run a shell. */
function stepsOf(text: string): readonly Step[] {
  return text
    .split(/^ {4}- /m)
    .slice(1)
    .map((step) => {
      const lines = step.split('\n')
      const start = lines.findIndex((line) => line.trim() === 'run: |')
      const run = lines.slice(start + 1).map((line) => line.slice(8))
      return { name: /name: (.+)/.exec(step)?.[1] ?? '', run: run.join('\n') }
    })
}

/** A folder with `npx` and `gh` for the PATH; `gh` answers `comments` when it is asked for them. */
function toolsWith(comments: string): { readonly path: string; readonly asked: () => string } {
  const folder = folderOf({
    npx: `#!/bin/sh\n[ "$1" = --no-install ] && shift\nshift\nexec "${process.execPath}" "${MAIN}" "$@"\n`,
    gh: `#!/bin/sh\necho "$@" >> "$(dirname "$0")/asked"\ncase "$*" in *--paginate*) printf '%s' '${comments}' ;; esac\n`,
  })
  for (const name of ['npx', 'gh']) chmodSync(join(folder, name), 0o755)
  const asked = join(folder, 'asked')
  return { path: folder, asked: () => (existsSync(asked) ? readFileSync(asked, 'utf8') : '') }
}

interface Outcome {
  readonly code: number | null
  readonly outputs: string
  readonly report: string
  readonly out: string
  readonly asked: string
}

/** Runs all steps of the action as a runner does: one after the other, until one fails. */
function runAction(
  { folder }: TestRepository,
  inputs: { readonly base: string; readonly allow?: string; readonly first?: string; readonly comments?: string },
): Outcome {
  const runner = folderOf()
  const tools = toolsWith(inputs.comments ?? '')
  const files = { outputs: join(runner, 'outputs'), summary: join(runner, 'summary') }
  writeFileSync(files.outputs, '')
  writeFileSync(files.summary, '')
  let out = ''
  let code: number | null = 0
  for (const { run } of stepsOf(ACTION)) {
    const outputs = readFileSync(files.outputs, 'utf8')
    const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], {
      cwd: folder,
      env: {
        ...process.env,
        PATH: `${tools.path}:${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
        RUNNER_TEMP: runner,
        GITHUB_OUTPUT: files.outputs,
        GITHUB_STEP_SUMMARY: files.summary,
        GITHUB_REPOSITORY: 'acme/shop',
        POLICY: 'policy',
        BASE: inputs.base,
        ALLOW: inputs.allow ?? '',
        FIRST: inputs.first ?? 'refuse',
        NUMBER: '7',
        REPORT: /report=(.*)/.exec(outputs)?.[1] ?? '',
        CODE: /code=(.*)/.exec(outputs)?.[1] ?? '',
      },
    })
    out += `${stdout}${stderr}`
    code = status
    if (status !== 0) break
  }
  const outputs = readFileSync(files.outputs, 'utf8')
  return { code, outputs, report: readFileSync(files.summary, 'utf8'), out, asked: tools.asked() }
}

describe('the action', () => {
  test('comments on new access, annotates its line and fails with 2', () => {
    const repository = repositoryOf({ 'policy/p.kavach': OLD })
    repository.commit({ 'policy/p.kavach': NEW })
    const { code, report, out, asked, outputs } = runAction(repository, { base: 'HEAD~1' })
    expect({ code, out }).toEqual({ code: 2, out: expect.stringContaining('::error file=policy/p.kavach,line=2,') })
    expect(outputs).toContain('code=2')
    expect(report).toContain('### 🔴 Policy: 1 region of new access')
    expect(asked.split('\n')[1]).toMatch(
      /^api --method POST repos\/acme\/shop\/issues\/7\/comments --field body=@\S+\.md --silent$/,
    )
  })

  test('rewrites its own comment, and passes when what is new was waived', () => {
    const repository = repositoryOf({ 'policy/p.kavach': OLD })
    repository.commit({ 'policy/p.kavach': NEW })
    const [, digest = ''] = /--allow ([0-9a-f]{16})/.exec(runAction(repository, { base: 'HEAD~1' }).report) ?? []
    const { code, report, asked } = runAction(repository, { base: 'HEAD~1', allow: digest, comments: '41\n42' })
    expect(code).toBe(0)
    expect(report).toContain('### 🟢 Policy: no new access beside what is waived')
    expect(asked).toContain('--method PATCH repos/acme/shop/issues/comments/41')
  })

  test('passes when nothing is new', () => {
    const repository = repositoryOf({ 'policy/p.kavach': NEW.replace('2\n', '1\n') })
    repository.commit({ 'policy/p.kavach': OLD.replace('1\n', '2\n') })
    const { code, report } = runAction(repository, { base: 'HEAD~1' })
    expect([code, report.split('\n')[1]]).toEqual([0, '### 🟢 Policy: no new access, 1 region of lost access'])
  })

  test('takes a base without a policy for new access, unless it is told otherwise', () => {
    const repository = repositoryOf({ readme: 'nothing yet' })
    repository.commit({ 'policy/p.kavach': OLD })
    expect(runAction(repository, { base: 'HEAD~1' })).toMatchObject({
      code: 2,
      report: expect.stringContaining('the base has none'),
    })
    expect(runAction(repository, { base: 'HEAD~1', first: 'pass' }).code).toBe(0)
  })

  test('fails when the comparison could not run', () => {
    const repository = repositoryOf({ 'policy/p.kavach': OLD })
    repository.commit({ 'policy/p.kavach': 'policy shop\nagent' })
    expect(runAction(repository, { base: 'HEAD~1' }).code).toBe(1)
  })
})

describe('the hook', () => {
  /** A repository whose `git commit` runs the hook's entry with its arguments, as pre-commit does. */
  function repositoryWithHook(): TestRepository {
    const repository = repositoryOf({ 'policy/p.kavach': OLD })
    const [, entry = ''] = /entry: (.+)\n {2}args: \[policy\]/.exec(HOOKS) ?? []
    const hook = join(repository.folder, '.git/hooks/pre-commit')
    mkdirSync(dirname(hook), { recursive: true })
    const { path } = toolsWith('')
    writeFileSync(hook, `#!/bin/sh\nPATH="${path}:$PATH"\nexec ${entry} policy\n`)
    chmodSync(hook, 0o755)
    return repository
  }

  test('refuses a commit with new access and says what it is', () => {
    const repository = repositoryWithHook()
    expect(() => repository.commit({ 'policy/p.kavach': NEW })).toThrow()
    expect(repository.git('log', '--format=%s').trim().split('\n')).toHaveLength(1)
  })

  test('lets a commit pass that takes access away', () => {
    const repository = repositoryWithHook()
    repository.commit({ 'policy/p.kavach': NEW.replace('mcp:shop:**, crm:contacts', 'mcp:shop:orders') })
    expect(repository.git('log', '--format=%s').trim().split('\n')).toHaveLength(2)
  })
})

describe('the layout', () => {
  test('has the workflow that init writes, and pins what it takes from others', () => {
    const folder = folderOf()
    const { status } = spawnSync(process.execPath, [MAIN, 'init'], { cwd: folder })
    expect(status).toBe(0)
    const workflow = readFileSync(join(folder, '.github/workflows/policy.yml'), 'utf8')
    const lines = workflow.split('\n').filter((line) => line.includes('- run:'))
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) expect(LAYOUT).toContain(`${line}\n`)
    const foreign = [...LAYOUT.matchAll(/uses: (?!\.\/)(\S+)/g)].map(([, name = '']) => name)
    expect(foreign.length).toBeGreaterThan(0)
    for (const name of foreign) expect(name).toMatch(/^actions\/(checkout|setup-node)@[0-9a-f]{40}$/)
  })

  test('names the action and the hook that the package carries', () => {
    const { files }: { files: readonly string[] } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(files).toContain('.github/actions')
    expect(files).toContain('.pre-commit-hooks.yaml')
    expect(LAYOUT).toContain('uses: ./node_modules/kavachos/.github/actions/policy-diff')
    const [, entry = ''] = /entry: (.+)\n/.exec(HOOKS) ?? []
    expect(LAYOUT).toContain(`entry: ${entry}\n`)
  })
})
