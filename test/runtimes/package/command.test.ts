/** The command in a new folder, as somebody tries it who has no clone. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kavach, newProject, run, succeed } from './project.ts'

const project = newProject({ 'wrong/wrong.kavach': 'policy wrong\nservice agent a { allow read onn x }\n' })

test('a policy is started, checked, proved, tested, compiled and asked', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(succeed('npx', ['--no-install', 'kavach', '--version'], project).stdout).toBe(`${version}\n`)
  expect(kavach(project, 'init')).toContain('made policy/starter.kavach\n')
  kavach(project, 'check', 'policy', '--strict')
  kavach(project, 'fmt', '--check', 'policy')
  expect(kavach(project, 'prove', 'policy').match(/^✓ proved/gm)).toHaveLength(3)
  expect(kavach(project, 'test', 'policy')).toContain('10 passed, 0 failed\n')
  kavach(project, 'compile', 'policy', '-o', 'build')
  const outputs = ['wasm', 'img', 'd.ts', 'map.json'].filter((kind) =>
    existsSync(join(project, `build/starter.${kind}`)),
  )
  expect(outputs).toEqual(['wasm', 'img', 'd.ts', 'map.json'])
  writeFileSync(
    join(project, 'requests.ndjson'),
    '{"id":1,"agent":"assistant","action":"delete","resource":"mcp:docs:drafts:reply"}\n',
  )
  const answer = JSON.parse(kavach(project, 'eval', '--module', 'build/starter.wasm', '--requests', 'requests.ndjson'))
  expect({ id: answer.id, decision: answer.decision, reason: answer.reason }).toEqual({
    id: 1,
    decision: 'deny',
    reason: 'forbidden',
  })
})

test('what is wrong with a policy ends the command with its exit code', () => {
  const { status, stdout } = run('npx', ['--no-install', 'kavach', 'check', 'wrong'], project)
  expect([status, stdout.includes('wrong/wrong.kavach:2:')]).toEqual([1, true])
})
