import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('conditions that no request meets are reported', () => {
  expect(
    findings(`policy p
set office = cidr [10.0.0.0/8]
set day = hours mon-fri 09:00-18:00
service agent a {
  allow read on a when args.n <= 5 and args.m >= 1 and args.n >= 5.000000001
  allow read on a when not trust >= 60 and trust = 60
  allow read on a when cost <= -1
  allow read on a when len.x = 1.5
  allow read on a when not len.x >= 0
  allow read on a when args.x in ["a", "b"] and not args.x = "a" and not args.x in ["b", "c"]
  allow read on a when args.x = "a" and args.x = "b"
  allow read on a when args.x = 1 and args.x = "b"
  allow read on a when args.x matches /a/ and args.x in [1, 2]
  allow read on a when args.x in [1, 2] and args.x >= 3
  allow read on a when not args.x = true and not args.x = false
  allow read on a when ip in office and ip in cidr [192.168.0.0/16]
  allow read on a when ip in office and not ip in cidr [0.0.0.0/0]
  allow read on a when time in day and time in hours sat-sun 00:00-24:00
  allow read on a when args.x in office and args.x in cidr [::1]
  allow read on a when agent.type = service and not agent.type in [service, delegated]
  allow read on a when args only [x] and args.y = 1
  allow read on a when len.x.y >= 1 and args only []
}
forbid read on a when trust <= 1 and trust >= 2 unless trust <= 1 and trust >= 2
`),
  ).toMatchInlineSnapshot(`
    "
    warning KV4010: this condition is never true
      a.kavach:5:56 "args.n >= 5.000000001" leaves no value for \`args.n\`
      a.kavach:5:24 "args.n <= 5" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:6:44 "trust = 60" leaves no value for \`trust\`
      a.kavach:6:24 "not trust >= 60" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:7:24 "cost <= -1" no \`cost\` is like this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:8:24 "len.x = 1.5" no \`len.x\` is like this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:9:24 "not len.x >= 0" no \`len.x\` is like this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:10:70 "not args.x in [\\"b\\", \\"c\\"]" leaves no value for \`args.x\`
      a.kavach:10:24 "args.x in [\\"a\\", \\"b\\"]" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:11:41 "args.x = \\"b\\"" leaves no value for \`args.x\`
      a.kavach:11:24 "args.x = \\"a\\"" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:12:39 "args.x = \\"b\\"" leaves no value for \`args.x\`
      a.kavach:12:24 "args.x = 1" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:13:47 "args.x in [1, 2]" leaves no value for \`args.x\`
      a.kavach:13:24 "args.x matches /a/" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:14:45 "args.x >= 3" leaves no value for \`args.x\`
      a.kavach:14:24 "args.x in [1, 2]" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:15:46 "not args.x = false" leaves no value for \`args.x\`
      a.kavach:15:24 "not args.x = true" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:16:41 "ip in cidr [192.168.0.0/16]" leaves no value for \`ip\`
      a.kavach:16:24 "ip in office" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:17:41 "not ip in cidr [0.0.0.0/0]" leaves no value for \`ip\`
      a.kavach:17:24 "ip in office" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:18:40 "time in hours sat-sun 00:00-24:00" leaves no value for \`time\`
      a.kavach:18:24 "time in day" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:19:45 "args.x in cidr [::1]" leaves no value for \`args.x\`
      a.kavach:19:24 "args.x in office" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:20:49 "not agent.type in [service, delegated]" leaves no value for \`agent.type\`
      a.kavach:20:24 "agent.type = service" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:21:42 "args.y = 1" leaves no value for \`args.y\`
      a.kavach:21:24 "args only [x]" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:22:24 "len.x.y >= 1" leaves no value for \`len.x.y\`
      a.kavach:22:41 "args only []" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:24:38 "trust >= 2" leaves no value for \`trust\`
      a.kavach:24:23 "trust <= 1" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    warning KV4010: this condition is never true
      a.kavach:24:71 "trust >= 2" leaves no value for \`trust\`
      a.kavach:24:56 "trust <= 1" together with this
      help: all atoms of a condition hold at once; write two rules where either is meant
    "
  `)
})

it('conditions that some request meets are silent', () => {
  expect(
    findings(`policy p
service agent a {
  allow read on a when args.n <= 5 and args.n >= 5 and not args.n = 4
  allow read on a when not trust >= 60 and not trust <= 59.999999999
  allow read on a when cost <= 0 and len.x = 0 and len.x <= 0
  allow read on a when not args.x = "a" and not args.x = "b" and args.x matches /c/
  allow read on a when args.x in cidr [10.0.0.0/8] and args.x in hours daily 09:00-10:00
  allow read on a when ip in cidr [10.0.0.0/8] and ip in cidr [0.0.0.0/0] and not ip in cidr [10.0.0.0/9]
  allow read on a when time in hours fri 22:00-06:00 and time in hours sat 05:59-06:00
  allow read on a when args only [x, y] and args.x.z = 1 and not args only [x]
  allow read on a when not args.x = true
}
`),
  ).toMatchInlineSnapshot(`
    "

    "
  `)
})
