/** Door of the adapters, for whoever puts a host together. */
export type { Decider, Face } from './face.ts'
export {
  type FaceMcpOptions,
  type FaceOptions,
  type FacePlace,
  type OpenedFaces,
  ownedByFaces,
  prepareFaces,
} from './faces.ts'
