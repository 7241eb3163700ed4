/** Rows in the formats of other systems: csv.ts, cef.ts and ocsf.ts. */
import { describe, expect, test } from 'vitest'
import { cefOf } from '../../../runtime/audit/cef.ts'
import { CSV_HEADER, csvOf } from '../../../runtime/audit/csv.ts'
import { ocsfOf } from '../../../runtime/audit/ocsf.ts'
import type { AuditRow } from '../../../runtime/audit/view.ts'

const ROW: AuditRow = {
  auditId: 'aud_7',
  seq: 7,
  time: '2026-04-01T12:00:00.000Z',
  kind: 'decision',
  agent: 'agt_1',
  actor: 'agt_1',
  by: 'id',
  owner: 'ann',
  ip: '10.0.0.1',
  action: 'write',
  resource: 'mcp:docs:7',
  via: ['root'],
  result: 'denied',
  verdict: 'deny',
  reason: 'no-grant',
  code: 'KVCH_E_AGENT_PERMISSION_DENIED',
  request_id: 'req_7',
  durationUs: 1500,
  policy: { name: 'acme', generation: 3, digest: 'ab' },
}
const CREATED: AuditRow = {
  auditId: 'aud_0',
  seq: 0,
  time: '2026-04-01T12:00:00.000Z',
  kind: 'agent.create',
  agent: 'agt_1',
  actor: 'host',
}

describe('CSV', () => {
  test('has a column for what rows say, and the rest as JSON', () => {
    expect(CSV_HEADER).toBe(
      'audit_id,time,kind,agent,actor,owner,action,resource,via,result,verdict,reason,code,cost,ip,request_id,approval_id,duration_us,policy,details\r\n',
    )
    expect(csvOf(ROW)).toBe(
      'aud_7,2026-04-01T12:00:00.000Z,decision,agt_1,agt_1,ann,write,mcp:docs:7,"[""root""]",denied,deny,no-grant,KVCH_E_AGENT_PERMISSION_DENIED,,10.0.0.1,req_7,,1500,"{""digest"":""ab"",""generation"":3,""name"":""acme""}","{""by"":""id""}"\r\n',
    )
    expect(csvOf(CREATED)).toBe('aud_0,2026-04-01T12:00:00.000Z,agent.create,agt_1,host,,,,,,,,,,,,,,,\r\n')
  })

  test.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['\rx', `"'\rx"`],
    ['\nx', `"'\nx"`],
    ['a,b', '"a,b"'],
    ['say "so"', '"say ""so"""'],
    ['a=b', 'a=b'],
  ])('keeps %j from being a formula, and its cell whole', (owner, cell) => {
    expect(csvOf({ ...CREATED, owner }).split('agt_1,host,')[1]).toBe(`${cell},,,,,,,,,,,,,,\r\n`)
  })

  test('of a number below nothing is a number', () => {
    expect(csvOf({ ...CREATED, cost: -1 })).toContain(',-1,')
  })
})

describe('CEF', () => {
  test('has a header and an extension', () => {
    expect(cefOf(ROW)).toBe(
      'CEF:0|kavachos|kavachos|1|no-grant|write denied|5|rt=1775044800000 externalId=aud_7 cat=decision outcome=denied reason=no-grant act=write request=mcp:docs:7 suid=agt_1 suser=ann src=10.0.0.1 cs1={"digest":"ab","generation":3,"name":"acme"} cs1Label=policy cs2=["root"] cs2Label=delegators cs3=req_7 cs3Label=requestId cs4=KVCH_E_AGENT_PERMISSION_DENIED cs4Label=code\n',
    )
    expect(cefOf(CREATED)).toBe(
      'CEF:0|kavachos|kavachos|1|agent.create|agent.create|3|rt=1775044800000 externalId=aud_0 cat=agent.create suid=agt_1\n',
    )
  })

  test('escapes what would end a field or a line', () => {
    const line = cefOf({ ...ROW, action: 'a|b\\c\nd', owner: 'x=y\\z\r\nCEF:0|', ip: '::1' })
    expect(line).toContain('|a\\|b\\\\c d denied|')
    expect(line).toContain(' act=a|b\\\\c\\nd ')
    expect(line).toContain(' suser=x\\=y\\\\z\\r\\nCEF:0| ')
    expect(line).toContain(' c6a2=::1 c6a2Label=Source IPv6 Address ')
    expect(line.trimEnd().split('\n').length).toBe(1)
  })
})

describe('OCSF', () => {
  test('of a decision is API Activity', () => {
    expect(JSON.parse(ocsfOf(ROW))).toEqual({
      activity_id: 3,
      category_uid: 6,
      class_uid: 6003,
      type_uid: 600303,
      time: 1775044800000,
      severity_id: 2,
      status_id: 2,
      status_code: 'KVCH_E_AGENT_PERMISSION_DENIED',
      status_detail: 'no-grant',
      action_id: 2,
      disposition_id: 2,
      message: 'write on mcp:docs:7: no-grant',
      duration: 2,
      metadata: {
        version: '1.7.0',
        uid: 'aud_7',
        original_event_uid: 'aud_7',
        event_code: 'decision',
        log_name: 'kavachos',
        product: { name: 'kavachos', vendor_name: 'kavachos' },
        profiles: ['security_control'],
      },
      actor: { user: { uid: 'agt_1', type: 'Agent', type_id: 99 } },
      api: { operation: 'write', request: { uid: 'req_7' } },
      resources: [{ name: 'mcp:docs:7', owner: { uid: 'ann' } }],
      src_endpoint: { ip: '10.0.0.1' },
      policy: { name: 'acme', uid: 'ab', version: '3' },
      unmapped: { by: 'id', verdict: 'deny', via: ['root'] },
    })
  })

  test('of a change of an agent is Account Change, of lent authority User Access Management', () => {
    const classOf = (row: AuditRow) => {
      const { class_uid, type_uid, user, privileges } = JSON.parse(ocsfOf(row))
      return { class_uid, type_uid, user: user?.uid, privileges }
    }
    expect([
      classOf(CREATED),
      classOf({ ...CREATED, kind: 'agent.revoke' }),
      classOf({ ...CREATED, kind: 'delegation.create', permissions: [{ resource: 'a', actions: ['read'] }] }),
      classOf({ ...CREATED, kind: 'policy.load' }),
      classOf({ ...CREATED, kind: 'of.tomorrow' }),
    ]).toEqual([
      { class_uid: 3001, type_uid: 300101, user: 'agt_1' },
      { class_uid: 3001, type_uid: 300106, user: 'agt_1' },
      { class_uid: 3005, type_uid: 300501, user: 'agt_1', privileges: ['{"actions":["read"],"resource":"a"}'] },
      { class_uid: 6003, type_uid: 600303 },
      { class_uid: 6003, type_uid: 600399 },
    ])
  })
})
