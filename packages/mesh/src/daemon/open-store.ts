import { statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { NiphasError, toNiphasError } from "@niphas/core";
import { openStoreDatabase, type PathLookup, type StoreDatabase, type StoreLocation, storeLayout } from "@niphas/nix";
import { errorFields } from "@niphas/service";
import type { Logger } from "pino";
import { visitNixDaemon } from "./nix-daemon.ts";

const RETRY_MS = 500;

/**
 * Opens the database of a store that the node plugin may not have made yet, and waits until it has. It is only read, and
 * may be on a file system that is mounted read-only; see {@link visitNixDaemon} for a machine's own store.
 * @throws NiphasError Cancelled
 */
export async function waitForStore(
  store: StoreLocation,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<StoreDatabase & PathLookup> {
  for (let attempt = 1; ; attempt++) {
    using _visit = attempt === 1 ? undefined : visitNixDaemon(store);
    if (attempt > 1) await pause(signal);
    try {
      return openStoreDatabase(store, { access: "readOnly" });
    } catch (error) {
      if (toNiphasError(error).code !== "StoreUnavailable") throw error;
      if (attempt === 1) logger.warn(errorFields(error), "waiting for the store");
    }
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(RETRY_MS, undefined, { signal });
  } catch (cause) {
    throw new NiphasError("Cancelled", "the daemon ended before there was a store", { cause });
  }
}

/** Changes when a collector has run: each makes its socket in this directory, and removes it. */
export function collectorRuns(store: StoreLocation): () => number {
  const directory = dirname(storeLayout(store).collectorSocket);
  return () => statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
