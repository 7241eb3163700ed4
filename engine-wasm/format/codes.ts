/**
 * Numbers that cross the module's border: outcomes, reasons, statuses. Read by TypeScript and AssemblyScript alike.
 * The order of reasons is their priority (docs/language.md section 9).
 */
export const OUTCOME_DENY = 0
export const OUTCOME_LIMITED = 1
export const OUTCOME_APPROVAL = 2
export const OUTCOME_THROTTLE = 3
export const OUTCOME_ALLOW = 4
/** Not a decision: the host supplies an agent or delegation record, or meter readings, and asks again. */
export const ANSWER_NEED_AGENT = 5
export const ANSWER_NEED_DELEGATIONS = 6
export const ANSWER_NEED_METERS = 7

export const REASON_INVALID_REQUEST = 0
export const REASON_AGENT_UNKNOWN = 1
export const REASON_AGENT_REVOKED = 2
export const REASON_AGENT_SUSPENDED = 3
export const REASON_AGENT_EXPIRED = 4
export const REASON_DELEGATION_EXPIRED = 5
export const REASON_DELEGATION_REVOKED = 6
export const REASON_DELEGATION_DEPTH = 7
export const REASON_FORBIDDEN = 8
export const REASON_NO_GRANT = 9
export const REASON_IP_NOT_ALLOWED = 10
export const REASON_OUTSIDE_HOURS = 11
export const REASON_ARG_MISMATCH = 12
export const REASON_UNEXPECTED_ARG = 13
export const REASON_TRUST_TOO_LOW = 14
export const REASON_COST_TOO_HIGH = 15
export const REASON_APPROVAL_REQUIRED = 16
export const REASON_RATE_LIMITED = 17
export const REASON_BUDGET_EXHAUSTED = 18
export const REASON_THROTTLED = 19
export const REASON_ALLOWED = 20
export const REASON_STALE_POLICY = 21
export const REASON_ENGINE_FAULT = 22

/** `image_commit`, `overlay_put`, `revoke`: 0 and above is success. */
export const STATUS_OK = 0
export const STATUS_TOO_LARGE = -1
export const STATUS_BAD_MAGIC = -2
export const STATUS_BAD_VERSION = -3
export const STATUS_BAD_LENGTH = -4
export const STATUS_BAD_DIGEST = -5
export const STATUS_BAD_OFFSET = -6
export const STATUS_BAD_ORDER = -7
export const STATUS_OLD_GENERATION = -8
export const STATUS_SAME_GENERATION = -9
export const STATUS_NAME_TAKEN = -10
export const STATUS_NO_IMAGE = -11
export const STATUS_NOT_BEGUN = -12
export const STATUS_BAD_NAME = -13
