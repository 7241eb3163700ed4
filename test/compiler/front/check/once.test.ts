import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('members, clauses and facts are said once', () => {
  expect(
    findings(
      `policy p
service agent x {
  owner "a"
  owner "b"
  may delegate depth 1
  may delegate depth 2
  expires at 2030-01-01T00:00:00Z
  expires at 2031-01-01T00:00:00Z
  roles r
  roles q
  allow read on a needs approval estimate 1 USD needs approval by "b" estimate 2 USD rate 1 per day rate 2 per hour
}
service agent y {}
role r {}
role q {}
delegate x -> y { depth 1 depth 2 expires in 1m expires at 2030-01-01T00:00:00Z }
boundary runtime { may delegate depth 1 may delegate depth 1 }
`,
      {},
      ['KV1012'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1012: \`owner\` may be said only once here
      a.kavach:4:3 "owner \\"b\\"" said again here
      a.kavach:3:3 "owner \\"a\\"" first said here
      help: keep one of the two
    error KV1012: \`may delegate\` may be said only once here
      a.kavach:6:3 "may delegate depth 2" said again here
      a.kavach:5:3 "may delegate depth 1" first said here
      help: keep one of the two
    error KV1012: \`expires\` may be said only once here
      a.kavach:8:3 "expires at 2031-01-01T00:00:00Z" said again here
      a.kavach:7:3 "expires at 2030-01-01T00:00:00Z" first said here
      help: keep one of the two
    error KV1012: \`needs\` may be said only once here
      a.kavach:11:49 "needs approval by \\"b\\"" said again here
      a.kavach:11:19 "needs approval" first said here
      help: keep one of the two
    error KV1012: \`estimate\` may be said only once here
      a.kavach:11:71 "estimate 2 USD" said again here
      a.kavach:11:34 "estimate 1 USD" first said here
      help: keep one of the two
    error KV1012: \`depth\` may be said only once here
      a.kavach:16:27 "depth 2" said again here
      a.kavach:16:19 "depth 1" first said here
      help: keep one of the two
    error KV1012: \`expires\` may be said only once here
      a.kavach:16:49 "expires at 2030-01-01T00:00:00Z" said again here
      a.kavach:16:35 "expires in 1m" first said here
      help: keep one of the two
    error KV1012: \`may delegate\` may be said only once here
      a.kavach:17:41 "may delegate depth 1" said again here
      a.kavach:17:20 "may delegate depth 1" first said here
      help: keep one of the two
    "
  `)
})

it('facts of a test are said once, windows too', () => {
  expect(
    findings(
      `policy p
service agent x {}
test "t" as x at 2030-01-01T00:00:00Z at 2030-01-01T00:00:00Z trust 1 trust 2 cost 1 USD cost 2 USD {
  deny read on a via x via x with {} with {} from ::1 from ::2 because no-grant because no-grant
  deny read on a used 1 per day used 2 per hour used 3 per day spent 1 USD per day spent 2 USD per day approved by "a" approved by "b"
  deny read on a since 2030-01-01T00:00:00Z since 2030-01-01T00:00:00Z
}
`,
      {},
      ['KV1012', 'KV1017'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV1012: \`at\` may be said only once here
      a.kavach:3:39 "at 2030-01-01T00:00:00Z" said again here
      a.kavach:3:15 "at 2030-01-01T00:00:00Z" first said here
      help: keep one of the two
    error KV1012: \`trust\` may be said only once here
      a.kavach:3:71 "trust 2" said again here
      a.kavach:3:63 "trust 1" first said here
      help: keep one of the two
    error KV1012: \`cost\` may be said only once here
      a.kavach:3:90 "cost 2 USD" said again here
      a.kavach:3:79 "cost 1 USD" first said here
      help: keep one of the two
    error KV1012: \`via\` may be said only once here
      a.kavach:4:24 "via x" said again here
      a.kavach:4:18 "via x" first said here
      help: keep one of the two
    error KV1012: \`with\` may be said only once here
      a.kavach:4:38 "with {}" said again here
      a.kavach:4:30 "with {}" first said here
      help: keep one of the two
    error KV1012: \`from\` may be said only once here
      a.kavach:4:55 "from ::2" said again here
      a.kavach:4:46 "from ::1" first said here
      help: keep one of the two
    error KV1012: \`because\` may be said only once here
      a.kavach:4:81 "because no-grant" said again here
      a.kavach:4:64 "because no-grant" first said here
      help: keep one of the two
    error KV1017: the window \`day\` stands twice
      a.kavach:5:49 "used 3 per day" a second number per day
      a.kavach:5:18 "used 1 per day" first said here
      help: each window may have one number; the smaller one would win
    error KV1017: the window \`day\` stands twice
      a.kavach:5:84 "spent 2 USD per day" a second number per day
      a.kavach:5:64 "spent 1 USD per day" first said here
      help: each window may have one number; the smaller one would win
    error KV1012: \`since\` may be said only once here
      a.kavach:6:45 "since 2030-01-01T00:00:00Z" said again here
      a.kavach:6:18 "since 2030-01-01T00:00:00Z" first said here
      help: keep one of the two
    "
  `)
})

it('a window stands once in a clause', () => {
  expect(
    findings(`policy p
service agent x {
  allow read on a rate 1 per day, 2 per hour, 3 per day estimate 0 USD
  limit budget 1 USD per day, 2 USD per day
}
limit rate 1 per minute, 1 per minute for * on **
`),
  ).toMatchInlineSnapshot(`
    "
    error KV1017: the window \`day\` stands twice
      a.kavach:3:47 "3" a second number per day
      a.kavach:3:24 "1" first said here
      help: each window may have one number; the smaller one would win
    error KV1017: the window \`day\` stands twice
      a.kavach:4:31 "2" a second number per day
      a.kavach:4:16 "1" first said here
      help: each window may have one number; the smaller one would win
    error KV1017: the window \`minute\` stands twice
      a.kavach:6:26 "1" a second number per minute
      a.kavach:6:12 "1" first said here
      help: each window may have one number; the smaller one would win
    "
  `)
})
