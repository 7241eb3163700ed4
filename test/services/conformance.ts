/** The conformance program of MCP, run against servers that listen here. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'

export interface Report {
  readonly exitCode: number | null
  readonly output: string
}

/** @param onLine is told each line of its output */
export function runConformance(
  args: readonly string[],
  onLine: (line: string) => void = () => undefined,
): Promise<Report> {
  const node = process.env.NODE_22 ?? expect.fail('NODE_22 names no Node: run `npm run test:services`')
  const folder =
    process.env.MCP_CONFORMANCE ?? expect.fail('MCP_CONFORMANCE names no folder: run `npm run test:services`')
  const program = join(folder, 'node_modules/@modelcontextprotocol/conformance/dist/index.js')
  const child = spawn(node, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  let output = ''
  let line = ''
  const take = (part: string): void => {
    output += part
    line += part
    for (let end = line.indexOf('\n'); end >= 0; end = line.indexOf('\n')) {
      onLine(line.slice(0, end))
      line = line.slice(end + 1)
    }
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', take)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, output }))
  })
}
