// `npm run mutants [NAME...]`: plants each bug of test/mutants in a copy of the working tree, builds it and runs the suites
// that ought to notice. Fails when a bug survives, when a patch no longer applies, or when the sound tree fails already.
//
// A patch starts with lines `# what: ...` and `# suites: test/a.test.ts test/b.test.ts`; then comes the diff.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'test/mutants')
const wanted = process.argv.slice(2)

const mutants = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((name) => name.endsWith('.patch') && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .sort()
  .map((name) => ({ name, ...readHeader(readFileSync(join(folder, name), 'utf8')) }))
if (mutants.length === 0) {
  console.error(
    wanted.length > 0 ? `no patch in test/mutants is named like ${wanted.join(', ')}` : 'test/mutants holds no patch',
  )
  process.exit(66)
}

const sound = judge(undefined, [...new Set(mutants.flatMap(({ suites }) => suites))])
if (sound.verdict !== 'survived') {
  console.error(`the sound tree does not pass: ${sound.verdict} ${sound.detail}`)
  process.exit(1)
}
const rows = mutants.map((mutant) => {
  const row = { ...mutant, ...judge(mutant.name, mutant.suites) }
  console.log(
    `${row.verdict.padEnd(15)} ${row.name.padEnd(36)} ${row.seconds} s  ${row.what}\n${' '.repeat(16)}${row.detail}`,
  )
  return row
})
const killed = rows.filter(({ verdict }) => verdict === 'killed').length
console.log(`${killed} of ${rows.length} planted bugs noticed`)
process.exit(killed === rows.length ? 0 : 1)

function readHeader(text) {
  const header = text.slice(0, text.search(/^(diff |--- )/m))
  const value = (key) => header.match(new RegExp(`^# ${key}: *(.+)$`, 'm'))?.[1]?.trim()
  return { what: value('what') ?? '', suites: value('suites')?.split(/[\s,]+/) ?? [] }
}

/** `survived` is what the sound tree must do and a planted bug must not. */
function judge(patch, suites) {
  const started = Date.now()
  const copy = mkdtempSync(join(tmpdir(), 'kavach-mutant-'))
  try {
    const [verdict, detail] = run(copy, patch, suites)
    return { verdict, detail, seconds: Math.round((Date.now() - started) / 1000) }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function run(copy, patch, suites) {
  if (suites.length === 0) return ['no suites', 'the patch names none']
  copyTree(copy)
  if (patch !== undefined) {
    const applied = spawnSync('git', ['apply', '--whitespace=nowarn', join(folder, patch)], {
      cwd: copy,
      encoding: 'utf8',
    })
    if (applied.status !== 0) return ['does not apply', applied.stderr.trim()]
  }
  const built = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: copy, encoding: 'utf8' })
  if (built.status !== 0)
    return ['does not build', `${built.stdout}${built.stderr}`.trim().split('\n').slice(-3).join(' ')]
  const report = join(copy, 'report.json')
  const args = [
    join(copy, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--bail=1',
    '--reporter=json',
    `--outputFile=${report}`,
  ]
  const tested = spawnSync(process.execPath, [...args, ...suites], { cwd: copy, encoding: 'utf8' })
  if (!existsSync(report)) return ['no report', tested.stderr.trim().split('\n').slice(-3).join(' ')]
  const { testResults, numTotalTests } = JSON.parse(readFileSync(report, 'utf8'))
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'failed')
  if (failed.length > 0) return ['killed', `by "${failed[0].fullName}"`]
  if (tested.status !== 0)
    return ['killed', `by ${testResults.find(({ status }) => status === 'failed')?.name ?? 'the run'}`]
  return ['survived', `${numTotalTests} tests passed`]
}

/** What git tracks or would track, so that a change does not have to be committed to be judged. */
function copyTree(copy) {
  const { stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  for (const path of stdout.toString().split('\0')) {
    if (path === '' || !existsSync(join(root, path))) continue
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    copyFileSync(join(root, path), join(copy, path))
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  spawnSync('git', ['init', '-q'], { cwd: copy })
}
