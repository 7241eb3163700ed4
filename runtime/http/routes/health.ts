/** Whether the host is there, and whether it can decide. */
import { type Route, route } from '../route.ts'
import { statusSchema } from '../schemas/index.ts'

const ANYONE = { tag: 'health', access: { kind: 'anyone' } } as const

export const healthRoutes: readonly Route[] = [
  route({
    ...ANYONE,
    method: 'GET',
    path: '/health',
    id: 'getHealth',
    summary: 'answer when the process answers',
    answer: statusSchema,
    run: async () => ({ status: 'alive' }),
  }),
  route({
    ...ANYONE,
    method: 'GET',
    path: '/ready',
    id: 'getReadiness',
    summary: 'answer when the store does, or 503',
    answer: statusSchema,
    async run({ site }) {
      await site.read((reader) => reader.get('heads', {}))
      return { status: 'ready' }
    },
  }),
]
