import { isVolumeId, type StorePath } from "@niphas/core";
import type { BootTrust, GcRoots, StoreDatabase } from "@niphas/nix";
import type { ViewCache } from "@niphas/views";
import type { Logger } from "pino";
import type { RecordStore } from "./record-store.ts";

export interface BootCheckComponents {
  readonly logger: Logger;
  readonly boot: BootTrust;
  readonly database: StoreDatabase;
  readonly views: ViewCache;
  readonly gcRoots: GcRoots;
  readonly records: RecordStore;
}

/**
 * Verifies, after a boot, the paths that may not have reached the disk before it, and removes the views of those that
 * had to be repaired: they show the torn files. Runs beside the first calls, which are kept off such paths.
 */
export async function checkAfterBoot(components: BootCheckComponents, signal: AbortSignal): Promise<void> {
  const { boot, logger } = components;
  const report = await boot.verify(signal);
  await removeViewsOf(components, new Set(report.repaired));
  const fields = {
    isOtherBoot: report.isOtherBoot,
    verified: report.verifiedCount,
    repaired: report.repaired.length,
    distrusted: report.distrusted,
  };
  if (report.distrusted.length > 0) logger.error(fields, "some store paths are damaged and are not used");
  else logger.info(fields, "the store was checked");
}

async function removeViewsOf(components: BootCheckComponents, repaired: ReadonlySet<StorePath>): Promise<void> {
  const { database, views, logger } = components;
  if (repaired.size === 0) return;
  for (const { key, roots } of views.list()) {
    if (roots.some((root) => database.validId(root) === undefined)) continue;
    if (!database.closure(roots).some(({ path }) => repaired.has(path))) continue;
    const isGone = await views.remove(key, (each) => isShown(components, each));
    if (!isGone) logger.error({ viewKey: key }, "a volume shows files that were repaired since: restart its pod");
  }
}

function isShown({ gcRoots, records }: BootCheckComponents, key: string): boolean {
  return gcRoots.owners().some((owner) => {
    const stored = isVolumeId(owner) ? records.read(owner) : undefined;
    return stored?.state === "ok" && stored.record.viewKey === key;
  });
}
