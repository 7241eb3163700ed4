/** What follows a decision. The decision itself is in authorize.ts. */
import { jsonRoute, type Route } from '../route.ts'
import { completedSchema, completionSchema } from '../schemas/index.ts'

export const decisionRoutes: readonly Route[] = [
  jsonRoute({
    method: 'POST',
    path: '/v1/decisions/{auditId}/complete',
    id: 'complete',
    summary: 'say what became of a call that was allowed, and what it did cost',
    tag: 'decisions',
    // Of an agent that says itself what it did cost, budgets would be none.
    access: { kind: 'key', scope: 'decide' },
    body: { schema: completionSchema },
    answer: completedSchema,
    run: ({ kavach }, { params: { auditId = '' }, body, caller: { actor } }) =>
      kavach.complete(auditId, body, { actor }),
  }),
]
