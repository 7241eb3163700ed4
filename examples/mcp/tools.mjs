// @ts-check
// What the tools of both servers do. They know nothing of scopes, policies and approvals.

/** @typedef {{ readonly extra?: Readonly<Record<string, unknown>>, readonly clientId: string, readonly scopes: readonly string[] }} Caller */

/** @param {string} server @param {Caller | undefined} caller */
export function whoami(server, caller) {
  const { extra = {}, clientId, scopes } = caller ?? {}
  return text({ server, user: extra.userId, agent: extra.agentId, client: clientId, scopes })
}

/** @param {{ amount: number, to: string }} payment */
export function pay({ amount, to }) {
  const _meta = { 'kavachos/costUsd': 0.001 }
  return { ...text({ paid: amount, to }), _meta }
}

export function adminOp() {
  return text({ done: 'something that only administrators do' })
}

export function wipe() {
  return text({ wiped: 'everything' })
}

/** @param {object} value */
function text(value) {
  return { content: [{ type: /** @type {const} */ ('text'), text: JSON.stringify(value) }] }
}
