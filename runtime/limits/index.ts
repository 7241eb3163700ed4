/** Door of the limits: rates of calls, rates for host applications, and money between decision and completion. */
export { type Complete, type Completed, createComplete, expireDue } from './complete.ts'
export { createLevels, type Exceeded, type Level, type LevelAsked, type LevelMeter, type Levels } from './levels.ts'
export { toNanoUsd } from './money.ts'
export { createRates, type RateName, type Rates } from './rates.ts'
export {
  completeReservation,
  expireReservations,
  openReservation,
  type Reservation,
  type ReservedAmount,
  type Settled,
  type Settlement,
} from './reservations.ts'
export { KEPT_MS, sweep } from './sweep.ts'
