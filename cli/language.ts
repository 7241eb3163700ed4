/** Parser and checks, loaded by the commands that read policy text: the others start a quarter of a second earlier. */

export function loadGrammar() {
  return import('../grammar/index.ts')
}

export function loadAnalyses() {
  return import('../compiler/analyze/index.ts')
}

export function loadFront() {
  return import('../compiler/front/index.ts')
}
