/** What permissions speak of, whatever they ask for: actions on resources, without constraints. */
import { acceptsText, createUniverse, type Dfa } from '../../compiler/algebra/index.ts'
import { createPermissionReader, jsonPlace } from '../../compiler/model/index.ts'
import type { Permission } from './held.ts'
import { refusing } from './lower.ts'

/** Whether some permission names this action on this resource. */
export type Cover = (action: string, resource: string) => boolean

/** @throws {KavachError} KVCH_E_CONFIG_INVALID for what is no list of permissions; `name` says whose they are */
export function coverOf(permissions: readonly Permission[], name: string): Cover {
  const holder = { kind: 'runtime agent', name } as const
  const grants = refusing('KVCH_E_CONFIG_INVALID', () => createPermissionReader().read(jsonPlace(permissions), holder))
  const { languages } = createUniverse()
  const parts = grants.map(({ actions, exceptActions, patterns, automata = [] }) => ({
    names: actions && new Set(actions),
    except: new Set(exceptActions),
    automata: [...patterns.map((pattern): Dfa => languages.ofPattern(pattern).dfa), ...automata],
  }))
  return (action, resource) =>
    parts.some(
      ({ names, except, automata }) =>
        (names?.has(action) ?? !except.has(action)) && automata.some((dfa) => acceptsText(dfa, resource)),
    )
}
