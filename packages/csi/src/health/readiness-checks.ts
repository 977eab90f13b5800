import type { StoreDatabase } from "@niphas/nix";
import type { ReadinessCheck, StateLock } from "@niphas/service";
import type { ViewCache } from "@niphas/views";

/** What must work before the plugin says that it is ready. */
export function readinessChecks(components: {
  readonly lock: StateLock;
  readonly database: StoreDatabase;
  readonly views: ViewCache;
  readonly signal: AbortSignal;
}): readonly ReadinessCheck[] {
  const { lock, database, views, signal } = components;
  return [
    { name: "running", failure: () => (signal.aborted ? "the plugin is shutting down" : undefined) },
    { name: "state", failure: () => (lock.isHeld ? undefined : "the state directory is not locked") },
    { name: "store", failure: () => failureOfRead(database) },
    { name: "views", failure: () => failureOfProbes(views) },
  ];
}

/** Throws what the database throws; the caller takes that as the reason. */
function failureOfRead(database: StoreDatabase): undefined {
  database.newestId();
  return undefined;
}

function failureOfProbes(views: ViewCache): string | undefined {
  const probes = [...views.probes];
  if (probes.some(([, probe]) => probe.ok)) return undefined;
  if (probes.length === 0) return "not probed yet";
  return probes.map(([name, probe]) => `${name}: ${probe.ok ? "ok" : probe.reason}`).join("; ");
}
