/**
 * The bytes of a policy image, of a request and of a response. Everything is little-endian; offsets of an image are
 * relative to its first byte. Offsets are frozen per ABI major.
 *
 * An image is a header, a table of sections and the sections, each an array of records of one size:
 *
 *   0        40       72                    H_SECTIONS              H_SECTIONS + 8 * SECTION_COUNT
 *   | header | digest | header, continued   | (offset, count) ...   | records ...                  |
 *
 * The digest is SHA-256 over everything but itself. A record for an agent or delegations made at run time is an image too.
 */
export const ABI_MAJOR = 1
export const ABI_MINOR = 0
export const IMAGE_MAGIC = 0x4943564b
export const NONE = 0xffffffff

/** Image header. */
export const H_MAGIC = 0
export const H_VERSION = 4
export const H_LENGTH = 8
export const H_KIND = 12
export const H_GENERATION = 16
export const H_NOT_BEFORE = 24
export const H_NOT_AFTER = 32
export const H_DIGEST = 40
export const DIGEST_BYTES = 32
/** String index of the policy's name. */
export const H_NAME = 72
/** Bit k: some rule's pattern is k literal segments and then `*` (or `**`). */
export const H_STAR_DEPTHS = 76
export const H_REST_DEPTHS = 80
/** Rules of the guardrails, as in an agent record. */
export const H_GUARD_RULES = 84
export const H_GUARD_HASHED = 88
export const H_GUARD_GENERAL = 92
/** 1 when there is a boundary. */
export const H_BOUNDARY = 96
export const H_BOUNDARY_RULES = 100
export const H_BOUNDARY_HASHED = 104
export const H_BOUNDARY_GENERAL = 108
export const H_BOUNDARY_LIMITS = 112
/** Hops, NONE when not stated. */
export const H_BOUNDARY_MAY = 116
/** Order of a run-time record among those of its pair. */
export const H_ORDER = 120
export const H_SECTIONS = 128

export const KIND_POLICY = 0
export const KIND_AGENT = 1
export const KIND_DELEGATIONS = 2

/** Sections: number and record size. */
export const S_BYTES = 0
export const S_STRINGS = 1
export const S_ACTION_SLOTS = 2
export const S_ACTIONS = 3
export const S_AGENT_SLOTS = 4
export const S_AGENTS = 5
export const S_RULES = 6
export const S_ROLE_REFS = 7
export const S_RULESETS = 8
export const S_PATTERNS = 9
export const S_DFAS = 10
export const S_EXTRAS = 11
export const S_CONDITIONS = 12
export const S_ATOMS = 13
export const S_WORDS = 14
export const S_NUMBERS = 15
export const S_RANGES = 16
export const S_WEEKS = 17
export const S_APPROVALS = 18
export const S_LIMIT_LISTS = 19
export const S_LIMITS = 20
export const S_METERS = 21
export const S_PAIR_SLOTS = 22
export const S_DELEGATIONS = 23
export const S_GUARDS = 24
/** A u32 for each rule, beside it: what is searched lies close together. */
export const S_RULE_HASHES = 25
export const SECTION_COUNT = 26

export const STRING_SIZE = 8
export const STRING_OFFSET = 0
export const STRING_LENGTH = 4

export const ACTION_SIZE = 8
export const ACTION_HASH = 0
export const ACTION_NAME = 4

/** Open addressing, linear probing; a power of two, at most half full. */
export const AGENT_SLOT_SIZE = 8
export const AGENT_SLOT_HASH = 0
/** Index + 1, 0 is empty. */
export const AGENT_SLOT_INDEX = 4

export const AGENT_SIZE = 48
export const AGENT_NAME_OFFSET = 0
export const AGENT_NAME_LENGTH = 4
/** u8 each: type (0 autonomous, 1 delegated, 2 service), hops it may delegate (255 not stated), 1 when it expires. */
export const AGENT_TYPE = 8
export const AGENT_MAY = 9
export const AGENT_HAS_EXPIRY = 10
export const AGENT_OWNER = 12
export const AGENT_RULES = 16
export const AGENT_HASHED = 20
export const AGENT_GENERAL = 24
export const AGENT_ROLES = 28
export const AGENT_ROLE_COUNT = 32
export const AGENT_LIMITS = 36
export const AGENT_EXPIRES_AT = 40

/** A rule: hashed rules of a set are sorted by hash, the general ones (a DFA) follow. */
export const RULE_SIZE = 16
export const RULE_PATTERN = 0
/** Bits 0-29: actions 0-29; bit 30: every other action; bit 31: low bits are a word index of (count, action index ...). */
export const RULE_ACTIONS = 4
export const RULE_ID = 8
/** Index + 1 into extras (guards for guardrails), 0 none. */
export const RULE_EXTRA = 12
export const ACTION_OTHER_BIT = 30
export const ACTIONS_ANY = 0x7fffffff

export const RULESET_SIZE = 12
export const RULESET_RULES = 0
export const RULESET_HASHED = 4
export const RULESET_GENERAL = 8

export const PATTERN_SIZE = 12
export const PATTERN_KIND = 0
/** Bytes of the literal text (a prefix with its `:` for star and rest), or the DFA's index. */
export const PATTERN_OFFSET = 4
export const PATTERN_LENGTH = 8
export const PATTERN_EXACT = 0
export const PATTERN_STAR = 1
export const PATTERN_REST = 2
export const PATTERN_DFA = 3

/** In bytes: 256 classes, states * classes successors (u16), states accepting flags (u8). */
export const DFA_SIZE = 12
export const DFA_STATES = 0
export const DFA_CLASSES = 4
export const DFA_OFFSET = 8

export const EXTRA_SIZE = 24
export const EXTRA_CONDITION = 0
export const EXTRA_APPROVAL = 4
export const EXTRA_LIMITS = 8
export const EXTRA_ESTIMATE = 16

/** Atoms over the agent come first; there are `AGENT_ATOMS` of them. */
export const CONDITION_SIZE = 12
export const CONDITION_ATOMS = 0
export const CONDITION_COUNT = 4
export const CONDITION_AGENT_ATOMS = 8

export const ATOM_SIZE = 20
export const ATOM_OP = 0
export const ATOM_NEGATED = 1
/** Failure kind: bit of the mask, 0-5 in the order of the reasons from ip-not-allowed; 6 for agent atoms. */
export const ATOM_KIND = 2
export const ATOM_COMPARE = 3
/** Word index and number of parts of an argument path. */
export const ATOM_PATH = 4
export const ATOM_PATH_COUNT = 8
/** Start and count in the section the operation names, or a DFA, or a mask. */
export const ATOM_START = 12
export const ATOM_COUNT = 16

export const OP_IP = 0
export const OP_TIME = 1
export const OP_TRUST = 2
export const OP_COST = 3
export const OP_AGENT_TYPE = 4
export const OP_AGENT_OWNER = 5
export const OP_AGENT_OWNER_DFA = 6
export const OP_ARGS_ONLY = 7
export const OP_LEN = 8
export const OP_ARG_IP = 9
export const OP_ARG_TIME = 10
export const OP_ARG_DFA = 11
export const OP_ARG_STRINGS = 12
export const OP_ARG_COMPARE = 13
export const OP_ARG_NUMBERS = 14
export const OP_ARG_BOOLEAN = 15
export const COMPARE_EQUAL = 0
export const COMPARE_LESS_EQUAL = 1
export const COMPARE_GREATER_EQUAL = 2
export const KIND_AGENT_ATOM = 6

/** Signed 128-bit, low word first: twice the value times 10^9 (odd: strictly between two multiples). */
export const NUMBER_SIZE = 16
/** Inclusive: low (low word, high word), high (low word, high word). */
export const RANGE_SIZE = 32
/** u16 from, u16 to: half-open minutes of the week. */
export const WEEK_SIZE = 4

export const APPROVAL_SIZE = 12
/** String index or NONE. */
export const APPROVAL_BY = 0
/** i64 milliseconds, negative when not bounded. */
export const APPROVAL_WITHIN = 4

export const LIMIT_LIST_SIZE = 8
export const LIMIT_LIST_START = 0
export const LIMIT_LIST_COUNT = 4

export const LIMIT_SIZE = 32
export const LIMIT_KIND = 0
export const LIMIT_PER = 1
/** Percent of the cap from which a budget throttles, 255 never. */
export const LIMIT_PERCENT = 2
export const LIMIT_PACE_WINDOW = 3
export const LIMIT_METERS = 4
export const LIMIT_METER_COUNT = 8
export const LIMIT_KEY = 16
export const LIMIT_PACE = 24
export const LIMIT_RATE = 0
export const LIMIT_BUDGET = 1
export const PER_AGENT = 0
export const PER_AGENT_RESOURCE = 1
export const PER_OWNER = 2
export const PER_TENANT = 3
export const PER_ALL = 4

export const METER_SIZE = 16
export const METER_WINDOW = 0
export const METER_CAP = 8
export const WINDOW_MINUTE = 0
export const WINDOW_HOUR = 1
export const WINDOW_DAY = 2
export const WINDOW_MONTH = 3

export const DELEGATION_SIZE = 48
/** Agent indices; in a record string indices. */
export const DELEGATION_FROM = 0
export const DELEGATION_TO = 4
export const DELEGATION_RULES = 8
export const DELEGATION_HASHED = 12
export const DELEGATION_GENERAL = 16
export const DELEGATION_LIMITS = 20
/** u8 each: depth, expiry (0 none, 1 at, 2 in), revoked. */
export const DELEGATION_DEPTH = 24
export const DELEGATION_EXPIRY = 25
export const DELEGATION_REVOKED = 26
export const DELEGATION_EXPIRES = 32
export const EXPIRY_NONE = 0
export const EXPIRY_AT = 1
export const EXPIRY_IN = 2

export const GUARD_SIZE = 20
export const GUARD_KIND = 0
/** Conditions, NONE when absent. */
export const GUARD_WHEN = 4
export const GUARD_UNLESS = 8
export const GUARD_APPROVAL = 12
/** Index of a limit. */
export const GUARD_LIMIT = 16
export const GUARD_FORBID = 0
export const GUARD_REQUIRE = 1
export const GUARD_LIMITS = 2

/** Request: header, then agent, action and resource bytes, then the fields. */
export const REQ_FLAGS = 0
export const REQ_AGENT_LENGTH = 4
export const REQ_ACTION_LENGTH = 8
export const REQ_RESOURCE_LENGTH = 12
export const REQ_FIELDS_LENGTH = 16
export const REQ_STRINGS = 20
export const REQ_POSSIBLE = 1
export const REQ_OPEN = 2

/** Fields: a tag byte, then a value (a readings field: u32 count and that many u64). */
export const FIELD_IP = 1
export const FIELD_NOW = 2
export const FIELD_SINCE = 3
export const FIELD_COST = 4
export const FIELD_TRUST = 5
export const FIELD_TENANT = 6
export const FIELD_APPROVED_AT = 7
export const FIELD_ARGS = 8
export const FIELD_APPROVED_BY = 9
/** A string value and a since value (absent or not). */
export const FIELD_VIA = 10
export const FIELD_READINGS = 11

/** Values: a tag byte, then: string u32 length and bytes; number i64 mantissa and i32 power of ten; object u32 bytes, u32 count, (u32 length, name, value) ... */
export const VALUE_ABSENT = 0
export const VALUE_STRING = 1
export const VALUE_NUMBER = 2
export const VALUE_TRUE = 3
export const VALUE_FALSE = 4
export const VALUE_OBJECT = 5
export const VALUE_OTHER = 6

/** Answer of `eval`: bits 0-3 outcome, 4-11 reason, 12-15 hops, 16 depends on meters, 17 depends on an approval. */
export const ANSWER_METERED = 0x10000
export const ANSWER_APPROVED = 0x20000

/** `eval_batch` writes answer, grant, guardrail and mask of each request over its header. */
export const BATCH_ANSWER_SIZE = 16

/** Response. */
export const RES_ANSWER = 0
/** Id of the grant that was chosen for the root, or NONE. */
export const RES_GRANT = 4
/** Id of the guardrail that denied, or NONE. */
export const RES_GUARD = 8
/** Failure kinds of the nearest miss. */
export const RES_MASK = 12
export const RES_CHOSEN_COUNT = 16
export const RES_METER_COUNT = 20
export const RES_APPROVAL_COUNT = 24
/** Principal that is missing (NEED_AGENT), or the receiver of a missing delegation. */
export const RES_PRINCIPAL = 28
export const RES_EXPLAINED = 32
/** i64 amount charged to budgets. */
export const RES_AMOUNT = 40
/** u32 ids of the chosen grants, NONE for a run-time one, root first, boundary last. */
export const RES_CHOSEN = 64
/** (u32 address, u32 length, i64 within) of approvals to ask for; address 0: anyone. */
export const RES_APPROVALS = 1024
export const RES_APPROVAL_SIZE = 16
/** Meters: those to read (NEED_METERS), to reserve (allow, throttle), or those that the limits in the way would charge. */
export const RES_METERS = 4096
export const RES_METER_SIZE = 56
export const RM_KEY = 0
export const RM_LIMIT = 8
export const RM_AMOUNT = 16
/** i64 ms, -1 when `now` is unknown. */
export const RM_WINDOW_START = 24
export const RM_WINDOW = 32
/** 1 for the pacing meter of a budget. */
export const RM_PACING = 33
export const RM_PER = 34
/** 1 for money. */
export const RM_MONEY = 35
/** Principal whose name or owner is the scope. */
export const RM_PRINCIPAL = 36
/** Owner bytes, address and length; address 0: none. */
export const RM_OWNER = 40
export const RM_OWNER_LENGTH = 44
/** u64 reading that the outcome was judged by. */
export const RM_READING = 48
/** Explained rules follow the meters: u32 factor, u32 id (NONE of a run-time record), u32 mask of failures, u32 holder. */
export const EXPLAINED_SIZE = 16

/** Hash seeds. */
export const SEED_NAME = 0x9e3779b9
export const SEED_RESOURCE = 0x85ebca6b
export const SEED_PAIR = 0x27d4eb2f
export const SALT_EXACT = 0x165667b1
export const SALT_STAR = 0x2545f491
export const SALT_REST = 0x6c62272e
/** The multiplier of all hashes. */
export const HASH_HIGH = 0xcc9e2d51
export const HASH_LOW = 0x1b873593

/** Where a module with a policy inside says where its image lies: u32 address, u32 length. */
export const BOOT_ADDRESS = 1024
/** Bytes that must follow an image in memory, since words may be read past the end of its texts. */
export const IMAGE_SLACK = 64
