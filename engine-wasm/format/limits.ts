/** Every bound of the engine, named once. Each is tested at the limit and one past it. */
export const MAX_NAME_BYTES = 128
export const MAX_SEGMENTS = 32
/** Hops of a delegation chain; longer chains are answered `delegation-depth`. */
export const MAX_HOPS = 5
/** Principals a request may name before it is malformed. */
export const MAX_PRINCIPALS = 64
/** Levels of nested arguments that are looked into. */
export const MAX_ARG_DEPTH = 16
/** Bytes of the fixed request buffer; `req_reserve` lends a larger one up to `MAX_REQUEST_BYTES`. */
export const REQUEST_BYTES = 65536
export const MAX_REQUEST_BYTES = 16777216
/** Satisfied grants, meters and explained rules of one decision; more is answered `engine-fault`, a denial. */
export const MAX_CANDIDATES = 4096
export const MAX_METERS = 2048
export const MAX_EXPLAINED = 4096
export const MAX_APPROVALS = 64
/** Bytes for revocation flags of agents and delegations; what the ring of records leaves when it is moved comes to them. */
export const FLAG_BYTES = 262144
export const FLAG_BUCKETS = 4096
/** Bytes for records of agents and delegations made at run time, unless more are reserved; the oldest are evicted first. */
export const OVERLAY_BYTES = 2097152
export const OVERLAY_BUCKETS = 4096
export const MAX_OVERLAY_BYTES = 1073741824
/** Bytes of one such record. */
export const MAX_RECORD_BYTES = 1048496
/** Bytes of an image. */
export const MAX_IMAGE_BYTES = 1073741824
