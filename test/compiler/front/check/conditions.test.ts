import { expect, it } from 'vitest'
import { findings } from '../findings.ts'

it('each attribute has its operators', () => {
  expect(
    findings(`policy p
set office = cidr [10.0.0.0/8]
set words = regex /a+/
set day = hours daily 09:00-18:00
service agent a {
  allow read on a when ip = 1
  allow read on a when ip matches /a/
  allow read on a when time <= 1
  allow read on a when trust in [1]
  allow read on a when cost matches words
  allow read on a when len.x in office
  allow read on a when agent.type >= 1
  allow read on a when agent.type matches /a/
  allow read on a when agent.owner <= "a"
  allow read on a when args.x <= "a"
}
forbid read on a when ip in office and time in day and args.x matches words
`),
  ).toMatchInlineSnapshot(`
    "
    error KV2001: \`ip\` has no operator \`=\`
      a.kavach:6:24 "ip = 1" does not fit
      help: write \`ip in\` and a set or \`cidr [...]\`
    error KV2001: \`ip\` has no operator \`matches\`
      a.kavach:7:24 "ip matches /a/" does not fit
      help: write \`ip in\` and a set or \`cidr [...]\`
    error KV2001: \`time\` has no operator \`<=\`
      a.kavach:8:24 "time <= 1" does not fit
      help: write \`time in\` and a set or \`hours ...\`
    error KV2001: \`trust\` has no operator \`in\`
      a.kavach:9:24 "trust in [1]" does not fit
      help: write \`=\`, \`<=\` or \`>=\` and a number
    error KV2001: \`cost\` has no operator \`matches\`
      a.kavach:10:24 "cost matches words" does not fit
      help: write \`=\`, \`<=\` or \`>=\` and a number
    error KV2001: \`len.x\` has no operator \`in\`
      a.kavach:11:24 "len.x in office" does not fit
      help: write \`=\`, \`<=\` or \`>=\` and a number
    error KV2001: \`agent.type\` has no operator \`>=\`
      a.kavach:12:24 "agent.type >= 1" does not fit
      help: write \`=\` or \`in\` with \`autonomous\`, \`delegated\` or \`service\`, without quotes
    error KV2001: \`agent.type\` has no operator \`matches\`
      a.kavach:13:24 "agent.type matches /a/" does not fit
      help: write \`=\` or \`in\` with \`autonomous\`, \`delegated\` or \`service\`, without quotes
    error KV2001: \`agent.owner\` has no operator \`<=\`
      a.kavach:14:24 "agent.owner <= \\"a\\"" does not fit
      help: write \`=\` or \`in\` with strings, or \`matches\` and a regex
    error KV2002: \`args.x\` cannot be compared with a string here
      a.kavach:15:34 "\\"a\\"" expected a number
      help: write strings, numbers or booleans, a set, or a regex after \`matches\`
    "
  `)
})

it('values have the type of the attribute', () => {
  expect(
    findings(
      `policy p
set office = cidr [10.0.0.0/8]
set day = hours daily 09:00-18:00
service agent a {
  allow read on a when trust = "60"
  allow read on a when agent.type = "service"
  allow read on a when agent.type = "robot"
  allow read on a when agent.type in [service, 1]
  allow read on a when agent.owner = true
  allow read on a when args.x = service
  allow read on a when args.x <= true
  allow read on a when args.x in ["a", 1]
  allow read on a when args.x in [true, service]
  allow read on a when ip in [1]
  allow read on a when ip in hours daily 09:00-18:00
  allow read on a when time in cidr [::1]
  allow read on a when agent.owner in cidr [::1]
  allow read on a when ip in day
  allow read on a when time in office
  allow read on a when agent.owner in office
}
`,
      {},
      ['KV2002', 'KV2003', 'KV2004'],
    ),
  ).toMatchInlineSnapshot(`
    "
    error KV2002: \`trust\` cannot be compared with a string here
      a.kavach:5:32 "\\"60\\"" expected a number
      help: write \`=\`, \`<=\` or \`>=\` and a number
    error KV2002: \`agent.type\` cannot be compared with a string here
      a.kavach:6:37 "\\"service\\"" expected an agent type
      help: write \`=\` or \`in\` with \`autonomous\`, \`delegated\` or \`service\`, without quotes
      fix: remove the quotes: a.kavach:6:37 "\\"service\\"" -> "service"
    error KV2002: \`agent.type\` cannot be compared with a string here
      a.kavach:7:37 "\\"robot\\"" expected an agent type
      help: write \`=\` or \`in\` with \`autonomous\`, \`delegated\` or \`service\`, without quotes
    error KV2002: \`agent.type\` cannot be compared with a number here
      a.kavach:8:48 "1" expected an agent type
      help: write \`=\` or \`in\` with \`autonomous\`, \`delegated\` or \`service\`, without quotes
    error KV2002: \`agent.owner\` cannot be compared with a boolean here
      a.kavach:9:38 "true" expected a string
      help: write \`=\` or \`in\` with strings, or \`matches\` and a regex
    error KV2002: \`args.x\` cannot be compared with an agent type here
      a.kavach:10:33 "service" expected a string or a number or a boolean
      help: write strings, numbers or booleans, a set, or a regex after \`matches\`
    error KV2002: \`args.x\` cannot be compared with a boolean here
      a.kavach:11:34 "true" expected a number
      help: write strings, numbers or booleans, a set, or a regex after \`matches\`
    error KV2004: this list has values of more than one type
      a.kavach:12:40 "1" a number
      a.kavach:12:35 "\\"a\\"" the list begins with a string
      help: an argument has one type; write two grants where both are meant
    error KV2002: \`args.x\` cannot be compared with an agent type here
      a.kavach:13:41 "service" expected a string or a number or a boolean
      help: write strings, numbers or booleans, a set, or a regex after \`matches\`
    error KV2002: \`ip\` cannot be compared with a list
      a.kavach:14:30 "[1]" of another type
      help: write \`ip in\` and a set or \`cidr [...]\`
    error KV2002: \`ip\` cannot be compared with hours
      a.kavach:15:30 "hours daily 09:00-18:00" of another type
      help: write \`ip in\` and a set or \`cidr [...]\`
    error KV2002: \`time\` cannot be compared with addresses
      a.kavach:16:32 "cidr [::1]" of another type
      help: write \`time in\` and a set or \`hours ...\`
    error KV2002: \`agent.owner\` cannot be compared with addresses
      a.kavach:17:39 "cidr [::1]" of another type
      help: write \`=\` or \`in\` with strings, or \`matches\` and a regex
    error KV2003: \`ip\` cannot be in the set \`day\`
      a.kavach:18:30 "day" this set holds hours
      a.kavach:3:5 "day" declared here
      help: write \`ip in\` and a set or \`cidr [...]\`
    error KV2003: \`time\` cannot be in the set \`office\`
      a.kavach:19:32 "office" this set holds addresses
      a.kavach:2:5 "office" declared here
      help: write \`time in\` and a set or \`hours ...\`
    error KV2003: \`agent.owner\` cannot be in the set \`office\`
      a.kavach:20:39 "office" this set holds addresses
      a.kavach:2:5 "office" declared here
      help: write \`=\` or \`in\` with strings, or \`matches\` and a regex
    "
  `)
})

it('`in` and `matches` go with the kind of the set', () => {
  expect(
    findings(`policy p
set office = cidr [10.0.0.0/8]
set words = regex /a+/
service agent a {
  allow read on a when args.x in words
  allow read on a when ip in words
  allow read on a when args.x matches office
  allow read on a when agent.owner matches office
}
`),
  ).toMatchInlineSnapshot(`
    "
    error KV2005: \`in\` cannot be used with the set \`words\`
      a.kavach:5:34 "words" this set holds a regex
      a.kavach:3:5 "words" declared here
      help: write \`matches\` instead of \`in\`
      fix: replace \`in\` with \`matches\`: a.kavach:5:31 "in" -> "matches"
    error KV2005: \`in\` cannot be used with the set \`words\`
      a.kavach:6:30 "words" this set holds a regex
      a.kavach:3:5 "words" declared here
      help: write \`ip in\` and a set or \`cidr [...]\`
    error KV2006: \`matches\` cannot be used with the set \`office\`
      a.kavach:7:39 "office" this set holds addresses
      a.kavach:2:5 "office" declared here
      help: write \`in\` instead of \`matches\`
      fix: replace \`matches\` with \`in\`: a.kavach:7:31 "matches" -> "in"
    error KV2006: \`matches\` cannot be used with the set \`office\`
      a.kavach:8:44 "office" this set holds addresses
      a.kavach:2:5 "office" declared here
      help: write \`=\` or \`in\` with strings, or \`matches\` and a regex
    "
  `)
})

it('a regex has at most 4,096 states', () => {
  expect(
    findings(`policy p
set big = regex /(a|b)*a(a|b){12}/
service agent a { allow read on a when args.x matches big and args.y matches /(a|b)*a(a|b){11}/ }
`),
  ).toMatchInlineSnapshot(`
    "
    error KV2007: this regex is too large
      a.kavach:2:17 "/(a|b)*a(a|b){12}/" its automaton has more than 4096 states
      help: shorten counted repeats, or bound the length with \`len\` instead
    error KV2007: this regex is too large
      a.kavach:3:78 "/(a|b)*a(a|b){11}/" its automaton has more than 4096 states
      help: shorten counted repeats, or bound the length with \`len\` instead
    "
  `)
})

it('everything that fits is silent', () => {
  expect(
    findings(`policy p
set office = cidr [10.0.0.0/8]
set words = regex /a+/
set day = hours daily 09:00-18:00
service agent a {
  allow read on a when ip in office and time in day and trust >= 60 and cost <= 0.5 and len.sql <= 4000
  allow read on a when agent.type = service and agent.owner in ["x", "y"] and not agent.owner matches words
  allow read on a when args.x in office and args.y in day and args.z in [1, 2] and args.w = true and args only [x, y, z, w]
  allow read on a when ip in cidr [::1] and time in hours mon 09:00-10:00 and args.x = "a" and args.y matches /b/i
}
`),
  ).toMatchInlineSnapshot(`
    "

    "
  `)
})
