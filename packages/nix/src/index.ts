export {
  type BootReport,
  type BootTrust,
  type BootTrustComponents,
  type BootTrustInit,
  createBootTrust,
} from "./boot/boot-trust.ts";
export { type CollectorNotifierInit, createCollectorNotifier } from "./collector/notifier.ts";
export { Semaphore } from "./concurrency/semaphore.ts";
export { openStoreDatabase, type StoreDatabaseInit } from "./database/sqlite-store-database.ts";
export { diskSpace } from "./disk/space.ts";
export { type BuildFlakeOptions, buildFlake, type FlakeBuild } from "./flakes/build-flake.ts";
export { type FlakeReference, parseFlakeReference } from "./flakes/flake-reference.ts";
export { localClosure } from "./flakes/local-closure.ts";
export type { LocalPathInfo } from "./flakes/nix-json.ts";
export {
  type CollectReport,
  createGarbageCollector,
  type GarbageCollector,
  type GarbageCollectorComponents,
  type GarbageCollectorInit,
  type UnusedClosure,
} from "./gc/garbage-collector.ts";
export { DEFAULT_GC_TARGETS, type FreeTarget, type GcTargets, parseFreeTarget } from "./gc/targets.ts";
export { HttpNeighbours, type HttpNeighboursInit } from "./neighbours/http-neighbours.ts";
export type * from "./ports.ts";
export { NixRunner, type NixRunnerInit } from "./process/nix-runner.ts";
export { Patience, type PatienceInit } from "./realise/patience.ts";
export { ProcessorPressure, type StarvedMs } from "./realise/processor-pressure.ts";
export { createRealiser, type RealiserComponents, type RealiserInit } from "./realise/realiser.ts";
export { createGcRoots, type GcRootsInit } from "./roots/gc-roots.ts";
export type { NixVersion } from "./settings/nix-version.ts";
export { initialiseStore } from "./store/initialise.ts";
export { physicalPath, type StoreLayout, storeLayout, storeUri } from "./store/layout.ts";
export {
  createTrustChecker,
  type TrustCheckerComponents,
  type TrustCheckerInit,
} from "./trust/trust-checker.ts";
