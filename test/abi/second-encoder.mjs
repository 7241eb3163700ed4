// A second encoder of requests, written from docs/abi.md. It imports nothing, so that the page is all there is to know.

const OUTCOMES = ['deny', 'limited', 'approval', 'throttle', 'allow']
const REASONS = `invalid-request agent-unknown agent-revoked agent-suspended agent-expired delegation-expired
  delegation-revoked delegation-depth forbidden no-grant ip-not-allowed outside-hours arg-mismatch unexpected-arg
  trust-too-low cost-too-high approval-required rate-limited budget-exhausted throttled allowed stale-policy
  engine-fault`.split(/\s+/)
const WINDOWS = ['minute', 'hour', 'day', 'month']

/** Opens the bytes of a module; `ask(request, possible)` answers with what the response says. */
export function open(bytes) {
  const { exports: module } = new WebAssembly.Instance(new WebAssembly.Module(bytes))
  if (module.kavach_abi_major.value !== 1 || module.boot() !== 0) throw new Error('no policy for this ABI')
  const revoke = (id, flags) => module.revoke(write(module, utf8.encode(id)), flags)
  const put = (record) => module.overlay_put(write(module, record))
  return { ask: (request, possible = false) => ask(module, request, possible), put, revoke }
}

function ask(module, request, possible) {
  let encoded
  try {
    encoded = encode(request, possible)
  } catch {
    return { decision: 'deny', reason: 'invalid-request', hops: 0, failed: 0, meters: [], approvals: [] }
  }
  let answer = module.eval(write(module, encoded))
  if ((answer & 15) === 7) {
    const meters = readMeters(module, request)
    const readings = [11, ...u32(meters.length), ...meters.flatMap((meter) => u64(readingOf(meter, request.readings)))]
    new DataView(encoded.buffer).setUint32(16, new DataView(encoded.buffer).getUint32(16, true) + readings.length, true)
    answer = module.eval(write(module, Uint8Array.from([...encoded, ...readings])))
  }
  const view = new DataView(module.memory.buffer, module.res_ptr())
  const orNone = (offset) => (view.getUint32(offset, true) === 0xffffffff ? undefined : view.getUint32(offset, true))
  return {
    decision: OUTCOMES[answer & 15],
    reason: REASONS[(answer >> 4) & 255],
    hops: (answer >> 12) & 15,
    grant: orNone(4),
    guard: orNone(8),
    failed: view.getUint32(12, true),
    chosen: Array.from({ length: view.getUint32(16, true) }, (_, i) => view.getInt32(64 + 4 * i, true)),
    amount: view.getBigUint64(40, true),
    meters: readMeters(module, request),
    approvals: Array.from({ length: view.getUint32(24, true) }, (_, i) => {
      const at = 1024 + 16 * i
      const by = view.getUint32(at, true) && textAt(module, view.getUint32(at, true), view.getUint32(at + 4, true))
      return { by: by || undefined, within: view.getBigInt64(at + 8, true) }
    }),
  }
}

function write(module, bytes) {
  const at = module.req_reserve(bytes.length)
  if (at === 0) throw new Error('too large')
  new Uint8Array(module.memory.buffer).set(bytes, at)
  return bytes.length
}

function encode(request, possible) {
  const names = ['agent', 'action', 'resource'].map((name) => utf8.encode(composed(request[name])))
  const fields = []
  const field = (tag, value) => isThere(value) && fields.push(tag, ...bytesOf(value, 16))
  must(Array.isArray(request.via ?? []))
  for (const hop of request.via ?? []) {
    fields.push(10, ...bytesOf(composed(hop.agent ?? hop), 16), ...bytesOf(hop.since ?? undefined, 16))
  }
  field(1, request.ip)
  field(2, request.now)
  field(3, request.since)
  must(!isThere(request.cost) || typeof request.cost === 'number')
  field(4, request.cost)
  field(5, request.trust)
  must(!isThere(request.tenant) || isLabel(request.tenant))
  field(6, request.tenant)
  field(7, request.approvedAt)
  for (const label of [request.approvedBy ?? []].flat()) field(9, must(isLabel(label)) ?? label)
  must([request.args, request.readings].every((value) => isObject(value ?? {})))
  for (const part of ['used', 'spent', 'meters'].map((name) => request.readings?.[name] ?? {})) {
    must(isObject(part) && Object.values(part).every((value) => !isThere(value) || isAmount(value)))
  }
  if (isThere(request.args)) fields.push(8, ...bytesOf(request.args, 0))
  const lengths = [...names.map(({ length }) => length), fields.length].flatMap(u32)
  return Uint8Array.from([...u32(possible ? 1 : 0), ...lengths, ...names.flatMap((name) => [...name]), ...fields])
}

function bytesOf(value, level) {
  if (value === undefined) return [0]
  if (typeof value === 'string') return [1, ...sized(value)]
  if (typeof value === 'number' && Number.isFinite(value)) return [2, ...numberOf(value)]
  if (typeof value === 'boolean') return [value ? 3 : 4]
  if (typeof value !== 'object' || value === null || Array.isArray(value) || level > 15) return [6]
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const bytes = members.flatMap(([name, member]) => [...sized(name), ...bytesOf(member, level + 1)])
  return [5, ...u32(bytes.length), ...u32(members.length), ...bytes]
}

function numberOf(value) {
  const [, sign, whole, fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e(.+))?$/.exec(String(value))
  const digits = (whole + fraction).replace(/0+$/, '')
  return [...u64(BigInt(sign + digits || 0)), ...u32(Number(power) + whole.length - digits.length)]
}

function readMeters(module, request) {
  const view = new DataView(module.memory.buffer, module.res_ptr())
  const chain = [...(request.via ?? []).map((hop) => hop.agent ?? hop), request.agent]
  return Array.from({ length: view.getUint32(20, true) }, (_, i) => {
    const at = 4096 + 56 * i
    const window = WINDOWS[view.getUint8(at + 32)]
    const [pacing, scope, isMoney] = [33, 34, 35].map((offset) => view.getUint8(at + offset))
    const owner = textAt(module, view.getUint32(at + 40, true), view.getUint32(at + 44, true))
    const agent = named('agent', chain[view.getUint32(at + 36, true)])
    const resource = named('resource', request.resource)
    const scopes = [agent, [...agent, ...resource], named('owner', owner), named('tenant', request.tenant), []]
    const clause = view.getBigUint64(at, true).toString(16).padStart(16, '0') + (pacing ? 'p' : '')
    const [limit, amount, start] = [8, 16, 24].map((offset) => view.getBigInt64(at + offset, true))
    const key = [clause, window, ...scopes[scope]].join('/')
    return { key, window, limit, amount, start, isMoney: isMoney === 1 }
  })
}

/** Calls, or nano-USD, rounded up. */
function readingOf({ key, window, isMoney }, readings) {
  const value = readings?.meters?.[key] ?? readings?.[isMoney ? 'spent' : 'used']?.[window] ?? 0
  const [, whole, fraction = '', power = 0] = AMOUNT.exec(String(value))
  const point = Math.max(0, whole.length + Number(power) + (isMoney ? 9 : 0))
  const digits = (whole + fraction).padEnd(point, '0')
  return BigInt(digits.slice(0, point)) + (/[1-9]/.test(digits.slice(point)) ? 1n : 0n)
}

function composed(name) {
  must(typeof name === 'string' && name.normalize('NFC') === name)
  return name
}

function must(holds) {
  if (!holds) throw new Error('invalid')
}

const named = (word, value) => (value ? [`${word}=${encodeURIComponent(value)}`] : [word])
const utf8 = new TextEncoder()
const AMOUNT = /^(0|[1-9]\d*)(?:\.(\d+))?(?:e(.+))?$/
const isAmount = (value) => (typeof value === 'number' || !/e/.test(value)) && AMOUNT.test(String(value))
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isThere = (value) => value !== undefined && value !== null
const isLabel = (value) => typeof value === 'string' && value !== '' && !/[\p{Cs}\uFFFD]/u.test(value)
const textAt = (module, at, length) => new TextDecoder().decode(new Uint8Array(module.memory.buffer, at, length))
const sized = (text) => [...u32(utf8.encode(text).length), ...utf8.encode(text)]
const u32 = (value) => [...new Uint8Array(new Uint32Array([value]).buffer)]
const u64 = (value) => [...new Uint8Array(new BigUint64Array([BigInt.asUintN(64, value)]).buffer)]
