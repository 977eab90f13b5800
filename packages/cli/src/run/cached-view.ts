import { createHash } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isNiphasError, type StorePath } from "@niphas/core";
import { type StoreDatabase, storeLayout } from "@niphas/nix";
import { ComposefsStrategy, DirectoryViewCache, LinuxMounter, TreeStrategy, type View } from "@niphas/views";
import type { StoreSession } from "../store/store-session.ts";
import { acquireStateLock } from "./state-lock.ts";

/** A view that lies ready on disk, held until {@link release}. */
export interface HeldView {
  readonly rootDir: string;
  /** Call when the program has its own copy of the mount. Takes ours away and lets other runs at the views. */
  release(): Promise<void>;
}

interface CacheInput {
  readonly store: StoreSession;
  readonly roots: readonly StorePath[];
  readonly stateDir: string;
  readonly signal: AbortSignal;
}

const UNUSED_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Finds or builds a view in the state directory, with the node plugin's own
 * code. The views are locked until it is released, because each run has its own process.
 * @returns undefined where such views cannot be made: no database, another file system, no strategy
 */
export async function acquireCachedView(input: CacheInput): Promise<HeldView | undefined> {
  const { database, location } = input.store;
  if (database === undefined) return undefined;
  const physicalStoreDir = storeLayout(location).storeDir;
  const viewsDir = join(input.stateDir, `views-${storeId(physicalStoreDir)}`);
  mkdirSync(viewsDir, { recursive: true, mode: 0o700 });
  if (statSync(viewsDir).dev !== statSync(physicalStoreDir).dev) return undefined;
  const unlock = await acquireStateLock(`${viewsDir}.lock`, input.signal);
  const cache = createCache(database, viewsDir, physicalStoreDir);
  const release = async (view: View | undefined): Promise<void> => {
    try {
      if (view?.strategy === "composefs") new LinuxMounter().unmountAll(view.rootDir);
      await cache.stop();
    } finally {
      unlock();
    }
  };
  try {
    await cache.start(input.signal);
    const view = await cache.acquire({ roots: input.roots, layout: "store", links: [], view: "auto" }, input.signal);
    await removeUnused(cache, database, input.store.rootsInUse());
    return { rootDir: view.rootDir, release: () => release(view) };
  } catch (error) {
    await release(undefined);
    if (isNiphasError(error) && error.code === "ViewUnavailable") return undefined;
    throw error;
  }
}

function createCache(database: StoreDatabase, viewsDir: string, physicalStoreDir: string): DirectoryViewCache {
  const mounter = new LinuxMounter();
  const strategies = [
    new ComposefsStrategy({ mounter }, { viewsDir }),
    new TreeStrategy({ viewsDir, physicalStoreDir }),
  ];
  return new DirectoryViewCache({ database, mounter, strategies }, { viewsDir, physicalStoreDir });
}

/** Views of other running programs are mounted where we cannot see it; their roots tell. */
async function removeUnused(
  cache: DirectoryViewCache,
  database: StoreDatabase,
  rootsInUse: ReadonlySet<StorePath>,
): Promise<void> {
  const oldestMs = Date.now() - UNUSED_DAYS * DAY_MS;
  for (const { key, roots, lastUsedAtMs } of cache.list()) {
    const isGone = roots.some((root) => database.validId(root) === undefined);
    const isInUse = roots.some((root) => rootsInUse.has(root));
    if ((isGone || lastUsedAtMs < oldestMs) && !isInUse) await cache.remove(key, () => false);
  }
}

/** Views of different stores are kept apart. */
function storeId(physicalStoreDir: string): string {
  return createHash("sha256").update(physicalStoreDir).digest("hex").slice(0, 12);
}
