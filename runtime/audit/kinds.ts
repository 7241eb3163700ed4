/** What rows of the log are about. */

/** Every kind of row, and what happened. Programs may meet kinds of newer versions. */
export const AUDIT_KINDS = {
  decision:
    'a request was allowed or denied; a failed authentication is one, with the reason `token-invalid` or `token-expired`',
  complete: 'a call was made, and what it did cost',
  'agent.create': 'an agent was made',
  'agent.update': 'an agent was changed',
  'agent.rotate': 'an agent has a new token, and the old one is dead',
  'agent.refresh': 'the token of an agent was renewed',
  'agent.revoke': 'an agent was revoked',
  'agent.cascade': 'an agent lost what had come to it from one that was revoked',
  'agent.declare': 'the policy declares an agent that it did not declare before, or no longer declares one',
  'agent.suspend': 'an agent was suspended',
  'agent.unsuspend': 'an agent is active again',
  'token.issue': 'an agent of the policy has a token',
  'delegation.create': 'an agent lent authority to another',
  'delegation.revoke': 'lent authority was taken back',
  'approval.request': 'a request waits for somebody to approve it',
  'approval.approve': 'an approver agreed',
  'approval.deny': 'an approver refused',
  'approval.refuse': 'somebody wanted to decide a request, and may not',
  'approval.expire': 'nobody decided in time',
  'approval.use': 'an approved request was made',
  'policy.load': 'a policy is enforced',
  'policy.shadow': 'a policy decides beside the one that is enforced, and changes nothing; or does so no longer',
  'policy.stage': 'a policy is enforced for some agents; or is so no longer',
  'auth.failures': 'failed authentications of one source in one minute beyond those that have rows, and how many',
  'rate.exceed': 'somebody did something of the host application as often as it may be done',
  'reservation.expire': 'nobody said what a call did cost, so what was reserved counts as spent',
  anomaly: 'something is wrong with an agent: denied again and again, or a call that cost more than was reserved',
  'key.create': 'a project key was made',
  'key.revoke': 'a project key was revoked',
  'key.refuse': 'a project key was not accepted',
  'secret.create': 'the secret of the project was made',
  'outbox.give-up': 'a message could not be delivered',
  erase: 'personal values of somebody were erased',
  prune: 'bodies of old rows were dropped; their hashes stay',
} as const

export type AuditKind = keyof typeof AUDIT_KINDS
