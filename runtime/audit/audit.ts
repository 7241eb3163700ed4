/** `kavach.audit`: reading, proving, verifying and erasing. */
import { type Acting, actorOf, assertKnown } from '../authority/index.ts'
import { KavachError } from '../errors.ts'
import type { Site } from '../site.ts'
import { type AuditProof, proveRow } from './audit-proof.ts'
import { type Erased, type EraseSubject, eraseRows, type Pruned, pruneRows } from './erase.ts'
import { type AuditExport, exportChunks } from './export.ts'
import { verifierKey } from './note.ts'
import { type AuditQuery, queryRows } from './query.ts'
import { rowById } from './rows.ts'
import { createSigning } from './signer.ts'
import type { VerifyReport } from './verifier.ts'
import { type VerifyOptions, verifyStore } from './verify-store.ts'
import { type AuditRow, viewOf } from './view.ts'

export interface AuditApi {
  /** Rows that fit, the newest first. @throws {KavachError} KVCH_E_REQUEST_INVALID */
  readonly query: (query?: AuditQuery) => Promise<readonly AuditRow[]>
  /** @throws {KavachError} KVCH_E_AUDIT_NOT_FOUND */
  readonly get: (auditId: string) => Promise<AuditRow>
  /** The whole log, or what fits of it, as one text, the oldest row first. @throws {KavachError} KVCH_E_REQUEST_INVALID */
  readonly export: (options: AuditExport) => Promise<string>
  /** The same, a piece at a time, for logs that do not fit into memory. */
  readonly exportStream: (options: AuditExport) => AsyncIterable<string>
  /**
   * Proof that a row is in the log that was signed last.
   *
   * @throws {KavachError} KVCH_E_AUDIT_NOT_FOUND, KVCH_E_AUDIT_TAMPERED
   */
  readonly prove: (auditId: string) => Promise<AuditProof>
  /**
   * Reads the whole log and holds it against its hashes and its checkpoints, and against those that are given.
   *
   * @throws {KavachError} KVCH_E_AUDIT_TAMPERED when they do not fit; `details` are the report
   */
  readonly verify: (options?: VerifyOptions) => Promise<VerifyReport>
  /** Erases personal values (GDPR, Article 17); proofs stay as they are. */
  readonly erase: (subject: EraseSubject, acting?: Acting) => Promise<Erased>
  /** Drops bodies of rows before an instant; their hashes stay. */
  readonly prune: (options: { readonly before: Date | number | string }, acting?: Acting) => Promise<Pruned>
}

const INVALID = 'KVCH_E_REQUEST_INVALID'

export function createAudit(site: Site): AuditApi {
  const signing = createSigning(site)
  return {
    query: async (query) => (await queryRows(site, query)).map(viewOf),
    get: async (auditId) => viewOf(await site.read((reader) => rowById(reader, auditId))),
    async export(options) {
      let text = ''
      for await (const chunk of exportChunks(site, options)) text += chunk
      return text
    },
    exportStream: (options) => exportChunks(site, options),
    prove: (auditId) => proveRow(site, auditId),
    async verify(options = {}) {
      // One that is misspelt would be held against nothing.
      assertKnown(options, ['checkpoints', 'keys'], INVALID)
      const { checkpoints, keys = [] } = options
      const own = await signing()
      const known = own === undefined || !Array.isArray(keys) ? keys : [verifierKey(own.key, site.sha256), ...keys]
      const report = await verifyStore(site, { checkpoints, keys: known })
      if (report.isIntact) return report
      throw new KavachError('KVCH_E_AUDIT_TAMPERED', undefined, { details: { ...report } })
    },
    async erase(subject, acting) {
      assertKnown(subject, ['userId', 'agentId'], INVALID)
      return eraseRows(site, subject, actorOf(acting, INVALID))
    },
    async prune(options, acting) {
      assertKnown(options, ['before'], INVALID)
      return pruneRows(site, options.before, actorOf(acting, INVALID))
    },
  }
}
