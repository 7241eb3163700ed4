/** The OpenAPI 3.1 document, made of the schemas and routes that answer. */
import { z } from 'zod'
import { kindOf } from './query.ts'
import { type Access, type AnswerSpec, paramsOf, type RouteDoc } from './route.ts'
import { errorSchema, idSchema, schemas } from './schemas/index.ts'

type JsonObject = { readonly [member: string]: unknown }

const TAGS: Readonly<Record<string, string>> = {
  decisions: 'whether agents may do what they are about to do',
  agents: 'agents and their tokens',
  delegations: 'authority that agents lend to each other',
  approvals: 'requests that wait for somebody to agree',
  audit: 'the log, and what is counted from it',
  policies: 'the policy in force, and those that are tried',
  health: 'whether the host is there',
}

/** @see https://spec.openapis.org/oas/v3.1.0 */
export function createOpenApi(routes: readonly RouteDoc[]): JsonObject {
  const paths: { [path: string]: { [method: string]: JsonObject } } = {}
  for (const route of routes) {
    const methods = paths[route.path] ?? {}
    methods[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = methods
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'kavachos',
      version: '1',
      description:
        'Every answer has the header `X-Request-Id`. What fails answers with an error: programs branch on its `code`, and `docs_url` ' +
        'explains it.',
    },
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: componentsOf(),
      responses: {
        Error: {
          description: 'what went wrong',
          headers: {
            ...REQUEST_ID,
            'Retry-After': { description: 'seconds; with 429 and 503', schema: { type: 'integer' } },
          },
          content: { 'application/json': { schema: refTo(errorSchema) } },
        },
      },
      securitySchemes: {
        projectKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'kvp_...',
          description: 'A key of the project, made by `kavach keys create`; its scope must be that of the operation.',
        },
        agentToken: { type: 'http', scheme: 'bearer', bearerFormat: 'kv_...', description: 'The token of an agent.' },
      },
    },
  }
}

const REQUEST_ID = { 'X-Request-Id': { description: '`req_...`, as in the log', schema: { type: 'string' } } }

function operationOf(route: RouteDoc): JsonObject {
  const { id, summary, tag, access, body, answer, status = 200, otherAnswers = {} } = route
  const others = Object.entries(otherAnswers).map(([code, schema]) => [code, answerOf('not now', schema)])
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(access.kind !== 'anyone' && { 'x-kavach-scope': access.scope }),
    security: securityOf(access),
    parameters: parametersOf(route),
    ...(body !== undefined && {
      requestBody: {
        required: !(body.kind === 'json' && body.isOptional === true),
        content:
          body.kind === 'json'
            ? { 'application/json': { schema: refTo(body.schema) } }
            : { 'application/wasm': BINARY, 'application/octet-stream': BINARY },
      },
    }),
    responses: {
      [status]: answerOf(summary, answer),
      ...Object.fromEntries(others),
      '4XX': { $ref: '#/components/responses/Error' },
      '5XX': { $ref: '#/components/responses/Error' },
    },
  }
}

/** Bytes: OpenAPI 3.1 has no schema for them. */
const BINARY = {}

function securityOf({ kind }: Access): readonly JsonObject[] {
  switch (kind) {
    case 'anyone':
      return []
    case 'key':
      return [{ projectKey: [] }]
    case 'key-or-agent':
      return [{ projectKey: [] }, { agentToken: [] }]
  }
}

function parametersOf({ path, query, headers = [] }: RouteDoc): readonly JsonObject[] {
  const inPath = paramsOf(path).map((name) => ({ name, in: 'path', required: true, schema: inline(idSchema) }))
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = inline(schema)
    return {
      name,
      in: 'query',
      required: !schema.safeParse(undefined).success,
      ...(description !== undefined && { description }),
      schema: rest,
      ...(kindOf(schema) === 'list' && { style: 'form', explode: false }),
    }
  })
  const inHeader = headers.map(({ name, description, isRequired }) => ({
    name,
    in: 'header',
    required: isRequired,
    description,
    schema: { type: 'string' },
  }))
  return [...inPath, ...inQuery, ...inHeader]
}

function answerOf(description: string, answer: AnswerSpec): JsonObject {
  const content =
    answer instanceof z.ZodType
      ? { 'application/json': { schema: refTo(answer) } }
      : Object.fromEntries(answer.mediaTypes.map((type) => [type, { schema: { type: 'string' } }]))
  return { description, headers: REQUEST_ID, content }
}

function refTo(schema: z.ZodType): JsonObject {
  const { id } = schemas.get(schema) ?? {}
  if (id === undefined) throw new TypeError('a schema of a body or an answer has a name')
  return { $ref: uriOf(id) }
}

const uriOf = (id: string) => `#/components/schemas/${id}`

function componentsOf(): JsonObject {
  const made = z.toJSONSchema(schemas, { io: 'input', uri: uriOf })
  return Object.fromEntries(Object.entries(made.schemas).map(([id, schema]) => [id, bare(schema)]))
}

function inline(schema: z.core.$ZodType): JsonObject {
  return bare(z.toJSONSchema(schema, { io: 'input', metadata: z.registry() }))
}

/** Without what says of a schema that stands alone which dialect it is in: the document says that of all of them. */
function bare({ $schema: _, $id: __, ...schema }: JsonObject): JsonObject {
  return schema
}
