/** A policy of one file with its text, as the measures of tests take it. */
import type { WrittenPolicy } from '../../../compiler/analyze/index.ts'
import type { AskedRequest } from '../../../compiler/analyze/mutate-decide.ts'
import { createAsker } from '../../../compiler/analyze/mutate-decide.ts'
import { runTests, type TestResult } from '../../../compiler/front/index.ts'
import { parsePolicy } from '../../../grammar/index.ts'
import { soundOf } from './sound.ts'

/** @throws {TypeError} with what is wrong with it; `text` has no header */
export function writtenOf(text: string): WrittenPolicy {
  const whole = `policy p\n${text}`
  const { model, map } = soundOf(whole)
  return { files: [parsePolicy('a.kavach', whole).file], map, model }
}

/** What its tests come to. */
export function resultsOf({ files, model }: WrittenPolicy): readonly TestResult[] {
  const asker = createAsker(model)
  return runTests(files, (request) => asker.decide(request as AskedRequest))
}
