import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { loadEngineWasm } from '../../cli/engine-wasm.ts'
import { loadPolicySource } from '../../cli/policy-source.ts'
import { emitImage, spliceModule } from '../../compiler/emit/index.ts'
import { checkPolicy, emitSourceMap } from '../../compiler/front/index.ts'
import { parsePolicy } from '../../grammar/index.ts'
import { folderOf } from './command.ts'
import { machineIn, refusalOf, repositoryOf } from './machine.ts'

const OLD = `policy bots generation 1

autonomous agent reader {
  allow read on mcp:docs:**
}
`
const NEW = OLD.replace('generation 1', 'generation 2').replace('allow read', 'allow read, write')

function compiled(text: string) {
  const { model, map } = checkPolicy([parsePolicy('bots.kavach', text).file])
  if (model === undefined) throw new Error('the policy has errors')
  const image = emitImage(model)
  return { model, image, module: spliceModule(loadEngineWasm(), image), map: emitSourceMap(map) }
}

/** What a source says in few words. */
async function read(cwd: string, named: string, other?: string) {
  const { terminal, err } = machineIn(cwd)
  const source = await loadPolicySource(terminal, named, other === undefined ? {} : { other })
  const { kind, shown, model } = source
  const request = { agent: 'reader', action: 'write', resource: 'mcp:docs:a' }
  const { decision, policy } = source.start().decide(request)
  expect(policy).toEqual({ name: 'bots', generation: model.generation, digest: source.digest })
  return { kind, shown, generation: model.generation, rule: source.showRule(0), decision, err: err() }
}

test('a folder, a file, a module and an image are read alike', async () => {
  const { image, module, map, model } = compiled(OLD)
  const cwd = folderOf({
    'policy/bots.kavach': OLD,
    'build/bots.wasm': module,
    'build/bots.img': image,
    'build/bots.map.json': map,
    'bare.img': image,
  })
  const said = { generation: 1, decision: 'deny', err: '' }
  const text = { ...said, kind: 'text', rule: 'policy/bots.kavach:4' }
  const mapped = { ...said, kind: 'image', rule: 'bots.kavach:4' }
  expect(await read(cwd, 'policy')).toEqual({ ...text, shown: 'policy' })
  expect(await read(cwd, 'policy/bots.kavach')).toEqual({ ...text, shown: 'policy/bots.kavach' })
  expect(await read(cwd, 'build/bots.wasm')).toEqual({ ...mapped, shown: 'build/bots.wasm' })
  expect(await read(cwd, 'build/bots.img')).toEqual({ ...mapped, shown: 'build/bots.img' })
  expect(await read(cwd, 'bare.img')).toEqual({ ...mapped, rule: 'rule 0', shown: 'bare.img' })
  const { terminal } = machineIn(cwd)
  const source = await loadPolicySource(terminal, 'policy')
  expect(source.model).toEqual(model)
  expect([source.sourceText('bots.kavach'), source.files?.length, source.catalogs?.size]).toEqual([OLD, 1, 0])
  const bare = await loadPolicySource(terminal, 'bare.img')
  expect([bare.sourceText('bots.kavach'), bare.files, bare.catalogs, bare.map]).toEqual(Array(4).fill(undefined))
})

test('a map of another policy is left aside, with a remark', async () => {
  const cwd = folderOf({ 'bots.img': compiled(OLD).image, 'bots.map.json': '{"version": 1, "rules": []}' })
  expect(await read(cwd, 'bots.img')).toMatchObject({
    rule: 'rule 0',
    err:
      'kavach: the .map.json beside `bots.img` is not that of this policy and is left aside\n' +
      '  = help: rules are named by their numbers; compile the policy again to have their lines\n',
  })
})

test('a revision is read from anywhere in its repository, and a revision alone means the path of the other', async () => {
  const { folder, commit, git } = repositoryOf({ 'team/policy/bots.kavach': OLD, 'other/x': '' })
  git('tag', 'first')
  commit({ 'team/policy/bots.kavach': NEW })
  const old = { kind: 'text', shown: 'first:team/policy', generation: 1, decision: 'deny', err: '' }
  const rule = 'first:team/policy/bots.kavach:4'
  expect(await read(folder, 'first:team/policy')).toEqual({ ...old, rule })
  expect(await read(join(folder, 'other'), 'first:team/policy')).toEqual({ ...old, rule })
  expect(await read(join(folder, 'team'), 'first:./policy')).toEqual({ ...old, rule })
  expect(await read(join(folder, 'other'), 'first:../team/policy/')).toEqual({ ...old, rule })
  expect(await read(folder, 'first', 'team/policy')).toEqual({ ...old, rule })
  expect(await read(join(folder, 'team'), 'first', 'policy')).toEqual({ ...old, rule })
  expect(await read(join(folder, 'other'), 'first', 'main:team/policy')).toEqual({ ...old, rule })
  expect(await read(folder, 'first', 'team/policy/bots.kavach')).toEqual({
    ...old,
    rule,
    shown: 'first:team/policy/bots.kavach',
  })
  const fresh = { ...old, generation: 2, decision: 'allow' }
  expect(await read(folder, 'HEAD', 'team/policy')).toEqual({
    ...fresh,
    shown: 'HEAD:team/policy',
    rule: 'HEAD:team/policy/bots.kavach:4',
  })
  expect(await read(folder, 'HEAD:')).toMatchObject({ ...fresh, shown: 'HEAD:' })
})

test('what exists on disk is taken first, and `git:` asks for the revision', async () => {
  const { folder, commit, git } = repositoryOf({ 'policy/bots.kavach': OLD })
  git('branch', 'release')
  commit({ 'policy/bots.kavach': NEW })
  writeFileSync(join(folder, 'bots.kavach'), NEW)
  mkdirSync(join(folder, 'release:policy'))
  writeFileSync(join(folder, 'release:policy/bots.kavach'), NEW)
  mkdirSync(join(folder, 'release'))
  writeFileSync(join(folder, 'release/bots.kavach'), NEW)
  expect(await read(folder, 'release:policy')).toMatchObject({ shown: 'release:policy', generation: 2 })
  expect(await read(folder, 'git:release:policy')).toMatchObject({ shown: 'release:policy', generation: 1 })
  expect(await read(folder, 'release', 'policy')).toMatchObject({ shown: 'release', generation: 2 })
  expect(await read(folder, 'git:release', 'policy')).toMatchObject({ shown: 'release:policy', generation: 1 })
})

test('images and modules of a revision are read too, with their map', async () => {
  const { image, module, map } = compiled(OLD)
  const { folder } = repositoryOf({ 'b/bots.img': image, 'b/bots.map.json': map, 'c/bots.wasm': module })
  const said = { kind: 'image', generation: 1, decision: 'deny', err: '' }
  expect(await read(folder, 'HEAD:b/bots.img')).toEqual({ ...said, shown: 'HEAD:b/bots.img', rule: 'bots.kavach:4' })
  expect(await read(folder, 'HEAD:c/bots.wasm')).toEqual({ ...said, shown: 'HEAD:c/bots.wasm', rule: 'rule 0' })
})

test('catalogs are those of the revision', async () => {
  const catalog = JSON.stringify({ tools: [{ name: 'search', inputSchema: { type: 'object' } }] })
  const policy = `policy bots generation 1
catalog docs from "../tools/docs.json"
autonomous agent reader { allow execute on mcp:docs:search }
`
  const { folder, commit, git } = repositoryOf({ 'policy/bots.kavach': policy, 'tools/docs.json': catalog })
  commit({ 'tools/docs.json': 'broken' })
  const { terminal } = machineIn(folder)
  const source = await loadPolicySource(terminal, 'HEAD~1:policy')
  expect([...(source.catalogs ?? [])].map(([name, { tools }]) => [name, [...tools.keys()]])).toEqual([
    ['docs', ['search']],
  ])
  git('rm', '--quiet', 'tools/docs.json')
  commit({})
  const { terminal: third, err } = machineIn(folder)
  expect(await refusalOf(loadPolicySource(third, 'HEAD:policy'))).toEqual({
    code: 1,
    message: 'the policy in `HEAD:policy` has 1 error, 0 warnings',
    help: 'what is printed above was wrong in that revision; name another one',
  })
  expect(err()).toContain('HEAD:policy/bots.kavach:2:19')
})

test('errors of an old policy are shown with the revision in their path', async () => {
  const { folder, commit } = repositoryOf({ 'policy/bots.kavach': `${OLD}forbd\n` })
  commit({ 'policy/bots.kavach': OLD })
  const { terminal, err } = machineIn(folder)
  expect(await refusalOf(loadPolicySource(terminal, 'HEAD~1:policy'))).toMatchObject({ code: 1 })
  expect(err()).toContain('HEAD~1:policy/bots.kavach:6:1')
  expect((await read(folder, 'policy')).generation).toBe(1)
})

test('folders with a dot, node_modules and other files are left out, as on disk', async () => {
  const { folder } = repositoryOf({
    'policy/bots.kavach': OLD,
    'policy/.old/bots.kavach': OLD,
    'policy/node_modules/x/bots.kavach': OLD,
    'policy/README.md': '',
    'policy/more/b.kavach': 'service agent robot {}\n',
    'policy/.kavach': 'no policy',
  })
  const { terminal } = machineIn(folder)
  for (const named of ['policy', 'HEAD:policy']) {
    const { files } = await loadPolicySource(terminal, named)
    expect([named, files?.map(({ path }) => path)]).toEqual([named, ['bots.kavach', 'more/b.kavach']])
  }
})

test('what is not there is refused with what to do', async () => {
  const { folder } = repositoryOf({ 'policy/bots.kavach': OLD, 'empty/x': '', 'p.img': 'text' })
  const refused = (named: string, other?: string, cwd = folder) => {
    return refusalOf(loadPolicySource(machineIn(cwd).terminal, named, other === undefined ? {} : { other }))
  }
  const missing = {
    code: 66,
    message: 'there is no `polcy`',
    help: 'check the path; it is taken from the current folder',
  }
  expect(await refused('polcy')).toEqual(missing)
  expect(await refused('polcy.kavach', 'policy')).toMatchObject({ code: 66, message: 'there is no `polcy.kavach`' })
  expect(await refused('mian', 'policy')).toEqual({
    code: 66,
    message: 'there is no file or folder `mian`, and there is no revision `mian`',
    help: 'did you mean `main`?',
  })
  expect(await refused('mian:policy')).toEqual({
    code: 66,
    message: 'there is no revision `mian`',
    help: 'did you mean `main`?',
  })
  expect(await refused('main:polcy')).toEqual({
    code: 66,
    message: 'revision `main` has no `polcy`',
    help: 'paths of a revision are taken from the top of the repository; `REV:./PATH` from the current folder',
  })
  expect(await refused('main:empty')).toEqual({
    code: 66,
    message: '`main:empty` holds no policy: there is no file that ends in .kavach',
    help: 'name the folder that had it in that revision',
  })
  expect(await refused('main', 'HEAD')).toEqual({
    code: 64,
    message: '`main` is a revision, and nothing says which policy of it is meant',
    help: 'write `main:PATH`',
  })
  expect(await refused('main:../policy')).toEqual({
    code: 66,
    message: '`../policy` lies outside of the repository',
    help: 'name a path inside of it',
  })
  expect(await refused('main', dirname(folder))).toMatchObject({ code: 66 })
  expect(await refused('git:--help:policy')).toMatchObject({
    code: 64,
    message: '`--help` names no revision: it begins with `-`',
  })
  expect(await refused('main:p.img')).toMatchObject({
    code: 1,
    message: '`main:p.img` is neither a module nor an image',
  })
  expect(await refused('main:policy', undefined, folderOf())).toEqual({
    code: 66,
    message: 'this folder lies in no git repository',
    help: 'a revision is read from the repository around the current folder; name a folder, a file or an image instead',
  })
})

test('an image that was changed by hand is refused by the verifier', async () => {
  const image = compiled(OLD).image.slice()
  image[image.length - 9] = 255
  const cwd = folderOf({ 'bots.img': image })
  expect(await refusalOf(loadPolicySource(machineIn(cwd).terminal, 'bots.img'))).toMatchObject({
    code: 1,
    message: expect.stringMatching(/^`bots\.img` cannot be loaded: /),
  })
})
