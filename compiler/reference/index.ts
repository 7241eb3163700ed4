/** Door of the reference: the executable meaning of the language, over the syntax tree. */
export type { Reservation as ReferenceReservation } from './meter.ts'
export type { Outcome as ReferenceOutcome, Reason as ReferenceReason } from './outcome.ts'
export { createReference, type Reference, type ReferenceDecision, referenceFromText } from './reference.ts'
