/** Mistakes to plant in a policy: text to add, and the code of the error that must come of it. */
import type { Random } from './random.ts'

const MISTAKES: readonly (readonly [string, string])[] = [
  ['autonomous agent twin {\n}\nservice agent twin {\n}\n', 'KV1005'],
  ['service agent m1 {\n  roles nobody\n}\n', 'KV1007'],
  ['delegate ghost -> ghoul {\n  allow read on a:b\n}\n', 'KV1006'],
  ['forbid read on a when ip in nowhere\n', 'KV1008'],
  ['role m2 includes m3 {\n}\nrole m3 includes m2 {\n}\n', 'KV1009'],
  ['service agent runtime {\n}\n', 'KV1010'],
  ['service agent m4 {\n  owner "a"\n  owner "b"\n}\n', 'KV1012'],
  ['forbid "a*b" on x\n', 'KV1014'],
  ['limit rate 1 per minute, 2 per minute for * on **\n', 'KV1017'],
  ['delegated agent m5 {\n  allow read on a\n}\n', 'KV1018'],
  ['service agent m6 {\n}\ndelegate m6 -> m6 {\n}\n', 'KV1019'],
  ['service agent m7 {\n  may delegate depth 6\n}\n', 'KV1021'],
  ['limit budget 1 USD per day throttle at 101% to 1 per minute for * on **\n', 'KV0118'],
  ['limit budget 9_000_000_001 USD per day for * on **\n', 'KV0243'],
  ['require approval within 0s for read on a\n', 'KV1024'],
  ['require approval by "" for read on a\n', 'KV1025'],
  ['forbid read on a when ip <= 5\n', 'KV2001'],
  ['forbid read on a when trust = "5"\n', 'KV2002'],
  ['set m8 = hours daily 09:00-10:00\nforbid read on a when ip in m8\n', 'KV2003'],
  ['forbid read on a when args.x in [1, "a"]\n', 'KV2004'],
  ['set m9 = regex /a/\nforbid read on a when args.x in m9\n', 'KV2005'],
  ['set m10 = cidr [10.0.0.0/8]\nforbid read on a when args.x matches m10\n', 'KV2006'],
  ['forbid read on *\n', 'KV0202'],
  ['forbid read on a:**:b\n', 'KV0204'],
  ['forbid read on a when ip in cidr [10.0.0.1/8]\n', 'KV0212'],
  ['forbid read on a when time in hours daily 09:00-09:00\n', 'KV0222'],
  ['boundary runtime {\n}\nboundary runtime {\n}\n', 'KV1011'],
]

export interface Mistake {
  readonly text: string
  readonly code: string
}

export function generateMistake(random: Random): Mistake {
  const [text, code] = random.pick(MISTAKES)
  return { text, code }
}
