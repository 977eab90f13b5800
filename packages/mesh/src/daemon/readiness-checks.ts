import type { ReadinessCheck, StateLock } from "@niphas/service";
import type { ObservedMembership } from "../membership/ports.ts";

export interface ReadinessSources {
  readonly lock: Pick<StateLock, "isHeld">;
  readonly membership: Pick<ObservedMembership, "problem">;
  readonly signal: AbortSignal;
  /** Reads the store's database. Undefined before there is a store. */
  readonly store: () => { newestId(): number } | undefined;
}

/** What must work before the daemon says that it is ready. */
export function readinessChecks({ lock, membership, signal, store }: ReadinessSources): readonly ReadinessCheck[] {
  return [
    { name: "running", failure: () => (signal.aborted ? "the daemon is shutting down" : undefined) },
    { name: "state", failure: () => (lock.isHeld ? undefined : "the state directory is not locked") },
    { name: "store", failure: () => failureOfRead(store()) },
    { name: "members", failure: () => membership.problem?.message },
  ];
}

/** Throws what the database throws; the caller takes that as the reason. */
function failureOfRead(store: { newestId(): number } | undefined): string | undefined {
  if (store === undefined) return "there is no store yet";
  store.newestId();
  return undefined;
}
