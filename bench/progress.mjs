// What is being measured, on stderr: one line that changes on a terminal, lines elsewhere.

const isTerminal = process.stderr.isTTY === true

export function progress(text) {
  process.stderr.write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`)
}

/** Before something is printed on stdout. */
export function endProgress() {
  if (isTerminal) process.stderr.write('\r\u001b[K')
}
