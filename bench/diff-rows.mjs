// Differences of policies; every run begins with the models and a universe of its own.
import { checkPolicy, diffPolicies, parsePolicy } from 'kavachos/compiler'
import { largeModel, oneAgentText, teamText } from './policy-text.mjs'

export const rows = {
  '50 agents x 20 grants, 5 agents touched': { atMostMs: 300, prepare: () => differ(teamText().map(toModel)) },
  '1,000 grants of one agent': { atMostMs: 3000, prepare: () => differ(oneAgentText().map(toModel)) },
  '100,000 grants, 5 changed': { atMostMs: 5000, prepare: () => differ(largeModel()) },
}

function toModel(text) {
  const { model, diagnostics } = checkPolicy([parsePolicy('policy.kavach', text).file])
  if (model === undefined) throw new Error(JSON.stringify(diagnostics))
  return model
}

function differ([before, after]) {
  return () => {
    const { newAccess, lostAccess, unknown } = diffPolicies({ model: before }, { model: after })
    if (newAccess.length + lostAccess.length === 0 || unknown.length > 0)
      throw new Error('the difference was not found')
  }
}
