export { Owners } from "./coordination/owners.ts";
export * from "./discovery/index.ts";
export * from "./membership/index.ts";
export * from "./network/index.ts";
export type * from "./ports.ts";
export { freeBytes } from "./store/free-bytes.ts";
export { createLocalStore, type LocalStoreComponents, type LocalStoreInit } from "./store/local-store.ts";
export { createSubstituterApp, type SubstituterComponents, type SubstituterInit } from "./substituter/app.ts";
export { SubstituterListener } from "./substituter/listener.ts";
export type * from "./substituter/ports.ts";
export { UpstreamSources, type UpstreamSourcesInit } from "./substituter/upstream-sources.ts";
export { verifiedNar } from "./substituter/verified-nar.ts";
export { PeerLoads, SourceChoice, type SourceChoiceComponents } from "./transfer/choice/index.ts";
export { createUpstreams, type UpstreamsInit } from "./upstream/create-upstreams.ts";
export { decoderOf } from "./upstream/decode/decoders.ts";
export type { UpstreamAnswer, UpstreamAttempt } from "./upstream/upstream-answer.ts";
export {
  UpstreamSet,
  type UpstreamSetComponents,
  type UpstreamSetInit,
  type WantedNar,
} from "./upstream/upstream-set.ts";
