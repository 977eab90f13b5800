import { isVolumeId, type StorePath } from "@niphas/core";
import type { BootTrust, GcRoots, StoreDatabase } from "@niphas/nix";
import type { CachedView, ViewCache } from "@niphas/views";
import type { Logger } from "pino";
import type { RecordStore } from "./record-store.ts";

export interface BootCheckComponents {
  readonly logger: Logger;
  readonly boot: Pick<BootTrust, "doubtful" | "verify">;
  readonly database: Pick<StoreDatabase, "validId" | "closure">;
  readonly views: ViewCache;
  readonly gcRoots: GcRoots;
  readonly records: RecordStore;
}

/**
 * Verifies, after a boot, the paths that may not have reached the disk before it. The tree views of them are removed
 * first: their hard links keep the torn files when a path is repaired, and nobody can be given one while its paths are
 * doubtful. A composefs view finds the repaired files by name. Runs beside the first calls, which are kept off such paths.
 */
export async function checkAfterBoot(components: BootCheckComponents, signal: AbortSignal): Promise<void> {
  const { boot, logger } = components;
  const trees = components.views.list().filter(({ strategy }) => strategy === "tree");
  const shown = await removeViewsOf(components, trees, boot.doubtful);
  const report = await boot.verify(signal);
  for (const { key } of await removeViewsOf(components, shown, report.repaired)) {
    logger.error({ viewKey: key }, "a volume shows files that were repaired since: restart its pod");
  }
  const fields = {
    isOtherBoot: report.isOtherBoot,
    verified: report.verifiedCount,
    repaired: report.repaired.length,
    distrusted: report.distrusted,
  };
  if (report.distrusted.length > 0) logger.error(fields, "some store paths are damaged and are not used");
  else logger.info(fields, "the store was checked");
}

/** @returns those of `candidates` that hold one of `paths` and are still shown to somebody */
async function removeViewsOf(
  components: BootCheckComponents,
  candidates: readonly CachedView[],
  paths: readonly StorePath[],
): Promise<readonly CachedView[]> {
  const { database, views } = components;
  if (paths.length === 0) return [];
  const wanted = new Set(paths);
  const kept: CachedView[] = [];
  for (const view of candidates) {
    if (view.roots.some((root) => database.validId(root) === undefined)) continue;
    if (!database.closure(view.roots).some(({ path }) => wanted.has(path))) continue;
    const isGone = await views.remove(view.key, (each) => isShown(components, each));
    if (!isGone) kept.push(view);
  }
  return kept;
}

function isShown({ gcRoots, records }: BootCheckComponents, key: string): boolean {
  return gcRoots.owners().some((owner) => {
    const stored = isVolumeId(owner) ? records.read(owner) : undefined;
    return stored?.state === "ok" && stored.record.viewKey === key;
  });
}
