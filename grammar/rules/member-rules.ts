/** What stands inside agents, delegations and the boundary: grants, limits and what goes with them. */
import { parseDecimal, parseDuration, parseInteger, parseMoney, parseStamp } from '../../compiler/model/index.ts'
import type {
  ApprovalNode,
  BudgetNode,
  DecimalNode,
  DepthNode,
  DurationLiteral,
  EstimateNode,
  ExpiresAtNode,
  ExpiresInNode,
  GrantNode,
  IntLiteral,
  LimitNode,
  MayNode,
  RateNode,
  StampLiteral,
  StringLiteral,
  ThrottleNode,
  Window,
} from '../ast.ts'
import { StatementFault } from '../finding.ts'
import { Comma, Digits, KW, Percent, Raw, Str, Word } from '../tokens.ts'
import { ConditionRules } from './condition-rules.ts'
import { noun } from './token-source.ts'

export abstract class MemberRules extends ConditionRules {
  protected readonly grant = this.RULE('grant', (): GrantNode => {
    const start = this.start()
    const clauses: GrantNode['clauses'][number][] = []
    this.CONSUME(KW.allow)
    const scope = this.SUBRULE(this.scope)
    let when: GrantNode['when']
    this.may(WHEN)
    this.OPTION(() => {
      this.CONSUME(KW.when)
      when = this.SUBRULE(this.condition)
    })
    this.may(CLAUSES)
    this.MANY(() => {
      this.OR([
        { ALT: () => clauses.push(this.SUBRULE(this.rate)) },
        {
          ALT: () => {
            const needs = this.CONSUME(KW.needs)
            const approval = this.SUBRULE(this.approval)
            clauses.push({ ...approval, start: needs.startOffset })
          },
        },
        { ALT: () => clauses.push(this.SUBRULE(this.estimate)) },
      ])
      this.may(CLAUSES)
    })
    return { kind: 'grant', start, end: this.end(), scope, when, clauses }
  })

  /** `rate` with its `each`, as grants and the limits of an agent have it. */
  protected readonly rate = this.RULE('rate', (): RateNode => {
    const plain = this.SUBRULE(this.plainRate)
    let each: RateNode['each']
    this.may(EACH)
    this.OPTION(() => {
      this.CONSUME(KW.each)
      each = this.oneOf(this.CONSUME(Word, RATE_SCOPE), RATE_SCOPES, RATE_SCOPE.ERR_MSG)
    })
    return each === undefined ? plain : { ...plain, end: this.end(), each }
  })

  protected readonly plainRate = this.RULE('plainRate', (): RateNode => {
    const start = this.start()
    const windows: RateNode['windows'][number][] = []
    this.CONSUME(KW.rate)
    windows.push(this.SUBRULE(this.countPerWindow))
    this.MANY(() => {
      this.CONSUME(Comma)
      windows.push(this.SUBRULE2(this.countPerWindow))
    })
    return { kind: 'rate', start, end: this.end(), windows, each: undefined }
  })

  protected readonly countPerWindow = this.RULE('countPerWindow', (): RateNode['windows'][number] => {
    const count = this.int(this.CONSUME(Digits, COUNT), parseInteger)
    const window = this.SUBRULE(this.perWindow)
    return { count, window }
  })

  protected readonly perWindow = this.RULE('perWindow', (): Window => {
    this.CONSUME(KW.per)
    return this.oneOf(this.CONSUME(Word, WINDOW), WINDOWS, WINDOW.ERR_MSG)
  })

  protected readonly budget = this.RULE('budget', (): BudgetNode => {
    const start = this.start()
    const windows: BudgetNode['windows'][number][] = []
    this.CONSUME(KW.budget)
    windows.push(this.SUBRULE(this.moneyPerWindow))
    this.MANY(() => {
      this.CONSUME(Comma)
      windows.push(this.SUBRULE2(this.moneyPerWindow))
    })
    let throttle: ThrottleNode | undefined
    this.may(THROTTLE)
    this.OPTION(() => {
      throttle = this.SUBRULE(this.throttle)
    })
    return { kind: 'budget', start, end: this.end(), windows, throttle }
  })

  protected readonly moneyPerWindow = this.RULE('moneyPerWindow', (): BudgetNode['windows'][number] => {
    const amount = this.SUBRULE(this.money)
    const window = this.SUBRULE(this.perWindow)
    return { amount, window }
  })

  /** `N USD`; the span is that of the number. */
  protected readonly money = this.RULE('money', (): DecimalNode => {
    const token = this.CONSUME(Digits, AMOUNT)
    const units = this.value(token, parseMoney)
    const node: DecimalNode = { kind: 'decimal', ...this.spanOf(token), text: token.image, value: { units } }
    this.CONSUME(KW.USD)
    return node
  })

  private readonly throttle = this.RULE('throttle', (): ThrottleNode => {
    const start = this.start()
    this.CONSUME(KW.throttle)
    this.CONSUME(KW.at)
    const percent = this.int(this.CONSUME(Digits, PERCENT), parseInteger)
    this.CONSUME(Percent)
    if (!this.RECORDING_PHASE && percent.value > 100n) {
      const span = { start: percent.start, end: this.end() }
      throw new StatementFault({ ...span, code: 'KV0118', message: 'a percentage is at most 100%' })
    }
    this.CONSUME(KW.to)
    const { count, window } = this.SUBRULE(this.countPerWindow)
    return { kind: 'throttle', start, end: this.end(), percent, count, window }
  })

  /** `approval [by ...] [within ...]`, the word before it not included. */
  protected readonly approval = this.RULE('approval', (): ApprovalNode => {
    const start = this.start()
    let by: StringLiteral | undefined
    let within: DurationLiteral | undefined
    this.CONSUME(KW.approval)
    this.may(BY)
    this.OPTION(() => {
      this.CONSUME(KW.by)
      by = this.string(this.CONSUME(Str, APPROVER))
    })
    this.may(WITHIN)
    this.OPTION2(() => {
      this.CONSUME(KW.within)
      within = this.SUBRULE(this.duration)
    })
    return { kind: 'approval', start, end: this.end(), by, within }
  })

  private readonly estimate = this.RULE('estimate', (): EstimateNode => {
    const start = this.start()
    this.CONSUME(KW.estimate)
    const amount = this.SUBRULE(this.money)
    return { kind: 'estimate', start, end: this.end(), amount }
  })

  protected readonly limit = this.RULE('limit', (): LimitNode => {
    const start = this.start()
    this.CONSUME(KW.limit)
    this.may(RATE_OR_BUDGET)
    const limit = this.OR<RateNode | BudgetNode>({
      DEF: [
        { ALT: (): RateNode | BudgetNode => this.SUBRULE(this.rate) },
        { ALT: (): RateNode | BudgetNode => this.SUBRULE(this.budget) },
      ],
      ERR_MSG: '`rate` or `budget`',
    })
    return { kind: 'limit', start, end: this.end(), limit }
  })

  protected readonly mayDelegate = this.RULE('mayDelegate', (): MayNode => {
    const start = this.start()
    this.CONSUME(KW.may)
    this.CONSUME(KW.delegate)
    this.CONSUME(KW.depth)
    const depth = this.int(this.CONSUME(Digits, DEPTH), parseInteger)
    return { kind: 'may', start, end: this.end(), depth }
  })

  protected readonly depth = this.RULE('depth', (): DepthNode => {
    const start = this.start()
    this.CONSUME(KW.depth)
    const depth = this.int(this.CONSUME(Digits, DEPTH), parseInteger)
    return { kind: 'depth', start, end: this.end(), depth }
  })

  protected readonly expiresAt = this.RULE('expiresAt', (): ExpiresAtNode => {
    const start = this.start()
    this.CONSUME(KW.expires)
    this.CONSUME(KW.at)
    const at = this.SUBRULE(this.stamp)
    return { kind: 'expires-at', start, end: this.end(), at }
  })

  protected readonly expires = this.RULE('expires', (): ExpiresAtNode | ExpiresInNode => {
    const start = this.start()
    this.CONSUME(KW.expires)
    this.may(IN_OR_AT)
    return this.OR<ExpiresAtNode | ExpiresInNode>({
      DEF: [
        {
          ALT: (): ExpiresAtNode | ExpiresInNode => {
            this.CONSUME(KW.at)
            const at = this.SUBRULE(this.stamp)
            return { kind: 'expires-at', start, end: this.end(), at }
          },
        },
        {
          ALT: (): ExpiresAtNode | ExpiresInNode => {
            this.CONSUME(KW.in)
            const duration = this.SUBRULE(this.duration)
            return { kind: 'expires-in', start, end: this.end(), duration }
          },
        },
      ],
      ERR_MSG: '`in` and a duration, or `at` and a time',
    })
  })

  protected readonly stamp = this.RULE('stamp', (): StampLiteral => {
    this.read('raw')
    const token = this.CONSUME(Raw, STAMP)
    const ms = this.value(token, parseStamp)
    return { kind: 'stamp', ...this.spanOf(token), text: token.image, ms }
  })

  private readonly duration = this.RULE('duration', (): DurationLiteral => {
    const token = this.CONSUME(Digits, DURATION)
    const ms = this.value(token, parseDuration)
    return { kind: 'duration', ...this.spanOf(token), text: token.image, ms }
  })

  /** A number without a sign, as `trust` has it. */
  protected readonly plainDecimal = this.RULE('plainDecimal', (): DecimalNode => {
    const token = this.CONSUME(Digits)
    const value = this.value(token, parseDecimal)
    return { kind: 'decimal', ...this.spanOf(token), text: token.image, value }
  })

  protected readonly count = this.RULE('count', (): IntLiteral => this.int(this.CONSUME(Digits, COUNT), parseInteger))
}

const WHEN = ['when']
const CLAUSES = ['rate', 'needs', 'estimate']
const EACH = ['each']
const THROTTLE = ['throttle']
const BY = ['by']
const WITHIN = ['within']
const RATE_OR_BUDGET = ['rate', 'budget']
const IN_OR_AT = ['in', 'at']
const WINDOWS = ['minute', 'hour', 'day', 'month'] as const
const WINDOW = noun('`minute`, `hour`, `day` or `month`')
const RATE_SCOPES = ['resource', 'owner', 'tenant'] as const
const RATE_SCOPE = noun('`resource`, `owner` or `tenant`')
const COUNT = noun('a number of calls')
const AMOUNT = noun('an amount of money')
const PERCENT = noun('a percentage')
const DEPTH = noun('a number of hops, 0 to 5')
const STAMP = noun('a time such as `2026-04-01T10:00:00Z`')
const DURATION = noun('a duration such as `30m`')
const APPROVER = noun('a string such as `"role:release-manager"`')
