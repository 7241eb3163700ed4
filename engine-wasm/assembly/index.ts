/** The exports of the module (docs/abi.md). Nothing is imported; nothing allocates while a decision is made. */
import {
  STATUS_BAD_NAME,
  STATUS_BAD_VERSION,
  STATUS_NAME_TAKEN,
  STATUS_NOT_BEGUN,
  STATUS_NO_IMAGE,
  STATUS_OK,
  STATUS_OLD_GENERATION,
  STATUS_SAME_GENERATION,
  STATUS_TOO_LARGE,
} from '../format/codes'
import {
  ABI_MAJOR,
  ABI_MINOR,
  DIGEST_BYTES,
  H_DIGEST,
  H_GENERATION,
  H_KIND,
  KIND_POLICY,
  REQ_STRINGS,
  RES_EXPLAINED,
} from '../format/layout'
import { MAX_IMAGE_BYTES, MAX_RECORD_BYTES, MAX_REQUEST_BYTES, REQUEST_BYTES } from '../format/limits'
import { active, decide, setActive } from './eval'
import { findAgent } from './image'
import { BOOT, EXPLAINED, grow, HEAP, REQUEST, RESPONSE, SLACK } from './memory'
import { dropRecord, forgetRecord, idAt, idHash, idLength, putRecord, reserveRing, setFlags, setIdOf } from './overlay'
import { shaBegin, shaEnd, shaUpdate } from './sha256'
import { equalBytes } from './text'
import { imageWeight, resumeVerifier, suspendVerifier, verifyBegin, verifySome } from './verify'

export const kavach_abi_major: i32 = ABI_MAJOR
export const kavach_abi_minor: i32 = ABI_MINOR
/** Bit 0: reads policy images; bit 1: run-time records; bit 2: explains; bit 3: `overlay_reserve` and `overlay_forget`. */
export const kavach_features: i32 = 15
/** Where images begin: the size of the memory of a module without a policy. */
export const kavach_heap: i32 = <i32>HEAP

let request: usize = REQUEST
let requestBytes: usize = REQUEST_BYTES
/** Room for the next image, and how large the room of the active one is. */
let spare: usize = 0
let spareBytes: usize = 0
let activeBytes: usize = 0
/** The image that is being checked, 0 when there is none. */
let incoming: usize = 0
let incomingBytes: usize = 0
let begun: bool = false
let maxSteps: i32 = 0

export function req_ptr(): usize {
  return request
}

export function req_cap(): usize {
  return requestBytes
}

export function res_ptr(): usize {
  return RESPONSE
}

/** Makes room for a request of `len` bytes; its address, or 0. The address of smaller requests may change with it. */
export function req_reserve(len: usize): usize {
  if (len > <usize>MAX_REQUEST_BYTES) return 0
  if (len <= requestBytes) return request
  const bytes = min(len + (len >> 1), <usize>MAX_REQUEST_BYTES)
  const at = grow(bytes)
  if (at != 0) {
    request = at
    requestBytes = bytes
  }
  return at
}

/** The image that the module carries, if any: checked and made active. */
export function boot(): i32 {
  const at = <usize>load<u32>(BOOT)
  const len = <usize>load<u32>(BOOT, 4)
  if (at == 0) return STATUS_NO_IMAGE
  if (<u64>at + <u64>len + <u64>SLACK > <u64>memory.size() << 16) return STATUS_BAD_VERSION
  spare = at
  spareBytes = len
  image_begin(len)
  return image_commit(len, 0)
}

/** Where to write an image of `len` bytes; 0 when there is no room. The active image stays as it is. */
export function image_begin(len: usize): usize {
  begun = false
  incoming = 0
  if (len > <usize>MAX_IMAGE_BYTES) return 0
  if (spare == 0 || spareBytes < len) {
    const bytes = len + (len >> 3)
    const at = grow(bytes)
    if (at == 0) return 0
    spare = at
    spareBytes = bytes
  }
  incoming = spare
  incomingBytes = len
  return incoming
}

/** Checks some of the image that was written; 1 when there is more, 0 when it is good, a status below 0 when it is not. */
export function image_verify(steps: i32): i32 {
  if (incoming == 0) return STATUS_NOT_BEGUN
  if (!begun) verifyBegin(incoming, incomingBytes)
  begun = true
  return verifySome(steps)
}

/** Finishes the checks and makes the image active. A generation older than the active one or `minGeneration` is refused. */
export function image_commit(len: usize, minGeneration: u64): i32 {
  if (len != incomingBytes) return STATUS_NOT_BEGUN
  let status = 1
  while (status == 1) status = image_verify(i32.MAX_VALUE)
  const image = incoming
  incoming = 0
  if (status < 0) return status
  if (load<u32>(image, H_KIND) != KIND_POLICY) return STATUS_BAD_VERSION
  const made = load<u64>(image, H_GENERATION)
  if (made < minGeneration || made < generation()) return STATUS_OLD_GENERATION
  if (active != 0 && made == generation() && !equalBytes(image + H_DIGEST, active + H_DIGEST, DIGEST_BYTES)) {
    return STATUS_SAME_GENERATION
  }
  spare = active
  const bytes = activeBytes
  activeBytes = spareBytes
  spareBytes = bytes
  setActive(image)
  // A chain of six meets a rule at most as a grant, in five hops and six boundaries, and as a guardrail of each principal.
  maxSteps = <i32>min<u64>(imageWeight() * 32, i32.MAX_VALUE)
  return STATUS_OK
}

/** Where to write a record of `len` bytes (in the request's buffer); 0 when it is too large. */
export function overlay_begin(len: usize): usize {
  return req_reserve(len)
}

/** Takes the record that was written there; its handle, or a status below 0. */
export function overlay_put(len: usize): i32 {
  if (active == 0) return STATUS_NO_IMAGE
  if (len > requestBytes || len > <usize>MAX_RECORD_BYTES) return STATUS_TOO_LARGE
  // There is one verifier, and an image may be half checked.
  suspendVerifier()
  verifyBegin(request, len)
  let status = 1
  while (status == 1) status = verifySome(i32.MAX_VALUE)
  resumeVerifier()
  if (status < 0) return status
  if (load<u32>(request, H_KIND) == KIND_POLICY) return STATUS_BAD_VERSION
  // The name of an agent, since no agent has the id of a pair.
  setIdOf(request)
  return findAgent(active, idAt, idLength, idHash) >= 0 ? STATUS_NAME_TAKEN : putRecord(request, len)
}

export function overlay_drop(handle: i32): i32 {
  return <i32>dropRecord(<u32>handle)
}

/** Forgets the record of the stable id of `len` bytes in the request's buffer; 1 when there was one. */
export function overlay_forget(len: usize): i32 {
  return len - 1 > 256 ? 0 : <i32>forgetRecord(request, len)
}

/** Makes the ring of records larger, before the first one is put; a status. */
export function overlay_reserve(len: usize): i32 {
  return reserveRing(len)
}

/** Sets the flags (1 revoked, 2 suspended) of the stable id of `len` bytes in the request's buffer. */
export function revoke(len: usize, flags: i32): i32 {
  return len - 1 > 256 ? STATUS_BAD_NAME : setFlags(request, len, <u32>flags)
}

/** Decides the request of `len` bytes; the packed answer of format/layout.ts, details at `res_ptr()`. */
export function eval(len: usize): i32 {
  return len > requestBytes ? 0 : decide(request, len, false)
}

/** Decides `len` bytes of requests, each behind its u32 length, 4-aligned; writes the answer to each over its header. */
export function eval_batch(len: usize): i32 {
  if (len > requestBytes) return 0
  let at = request
  const end = request + len
  let count = 0
  while (at + 4 + REQ_STRINGS <= end) {
    const size = <usize>load<u32>(at)
    at += 4
    if (size < <usize>REQ_STRINGS || size > end - at) break
    decide(at, size, false)
    store<u64>(at, load<u64>(RESPONSE))
    store<u64>(at, load<u64>(RESPONSE, 8), 8)
    count++
    at += (size + 3) & ~3
  }
  return count
}

/** Like `eval`, and lists every rule that matched with the mask of its failing kinds; returns how many. */
export function explain(len: usize): i32 {
  if (len > requestBytes) return 0
  decide(request, len, true)
  return load<i32>(RESPONSE, RES_EXPLAINED)
}

/** Address of the first explained rule. */
export function explained_ptr(): usize {
  return EXPLAINED
}

export function generation(): u64 {
  return active == 0 ? 0 : load<u64>(active, H_GENERATION)
}

/** Writes the 32 bytes of the digest of the active (0) or incoming (1) image to `out`, which is in the request's buffer. */
export function digest(slot: i32, out: usize): i32 {
  const image = slot == 0 ? active : incoming
  if (image == 0) return STATUS_NO_IMAGE
  if (out - request > requestBytes - DIGEST_BYTES) return STATUS_TOO_LARGE
  memory.copy(out, image + H_DIGEST, DIGEST_BYTES)
  return STATUS_OK
}

/** SHA-256 of the first `len` bytes of the request's buffer, written to `res_ptr()`. */
export function sha256(len: usize): i32 {
  if (len > requestBytes) return STATUS_TOO_LARGE
  suspendVerifier()
  shaBegin()
  shaUpdate(request, len)
  shaEnd(RESPONSE)
  resumeVerifier()
  return STATUS_OK
}

/** A bound on the rules and atoms that one decision on the active image visits. */
export function max_steps(): i32 {
  return maxSteps
}

/** Address of the active image, for reading names. */
export function image_ptr(): usize {
  return active
}
