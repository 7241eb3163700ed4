/** Exit codes and the one way a command gives up. */

export const EXIT_FINE = 0
export const EXIT_FINDINGS = 1
export const EXIT_REFUSED = 2
export const EXIT_UNKNOWN = 3
export const EXIT_USAGE = 64
export const EXIT_NO_INPUT = 66
export const EXIT_INTERNAL = 70
/** As a shell reports a program that SIGINT ended. */
export const EXIT_INTERRUPTED = 130

/** Ends the command with `code`; `message` and `help` go to standard error, lower case and without a final stop. */
export class CliError extends Error {
  readonly code: number
  readonly help: string | undefined

  constructor(code: number, message: string, help?: string) {
    super(message)
    this.code = code
    this.help = help
  }
}

/** The code that wins when several things were found: 1 < 3 < 2, and what could not run at all above them. */
export function worstExit(a: number, b: number): number {
  return rank(a) >= rank(b) ? a : b
}

function rank(code: number): number {
  const order = [EXIT_FINE, EXIT_FINDINGS, EXIT_UNKNOWN, EXIT_REFUSED]
  return order.includes(code) ? order.indexOf(code) : order.length + code
}
