import { isVolumeId, NiphasError, type ViewKey, type VolumeId } from "@niphas/core";
import type { GcRoots, StoreDatabase } from "@niphas/nix";
import type { Clock } from "@niphas/service";
import type { CachedView, Mounter, ViewCache } from "@niphas/views";
import type { TargetDirectories } from "../publish/target-directories.ts";
import type { RecordStore } from "./record-store.ts";
import { deviceOf, ViewMounts } from "./view-mounts.ts";
import { volumeIdBeside } from "./vol-data.ts";
import { RECORD_VERSION } from "./volume-record.ts";

/** A mount of a view of ours at a pod's path that no record speaks of. */
export interface OrphanMount {
  readonly targetPath: string;
  readonly viewKey: ViewKey;
}

export interface OrphanMountsComponents {
  readonly clock: Clock;
  readonly mounter: Mounter;
  readonly views: ViewCache;
  readonly database: StoreDatabase;
  readonly gcRoots: GcRoots;
  readonly records: RecordStore;
  readonly targets: TargetDirectories;
}

/** Finds mounts that lost their record, and gives them one again. All synchronous: nothing changes in between. */
export class OrphanMounts {
  readonly #components: OrphanMountsComponents;
  readonly #viewsDir: string;

  /** @param init.viewsDir with links resolved */
  constructor(components: OrphanMountsComponents, init: { readonly viewsDir: string }) {
    this.#components = components;
    this.#viewsDir = init.viewsDir;
  }

  find(): readonly OrphanMount[] {
    const { mounter, targets } = this.#components;
    const table = mounter.list();
    const viewMounts = new ViewMounts(table, this.#viewsDir);
    const found = new Map<string, ViewKey>();
    for (const entry of table) {
      const targetPath = targets.fromMountTable(entry.mountPoint);
      if (targetPath === undefined) continue;
      const viewKey = viewMounts.viewKeyOf(entry);
      if (viewKey !== undefined) found.set(targetPath, viewKey);
    }
    if (found.size > 0) for (const targetPath of this.#recordedTargets()) found.delete(targetPath);
    return [...found].map(([targetPath, viewKey]) => ({ targetPath, viewKey }));
  }

  /** The mount that can only be this volume's: the kubelet says so, or no other shows the volume's roots. */
  ownedBy(volumeId: VolumeId, orphans: readonly OrphanMount[]): OrphanMount | undefined {
    const named = orphans.find(({ targetPath }) => volumeIdBeside(targetPath) === volumeId);
    if (named !== undefined) return named;
    const roots = this.#components.gcRoots.rootsOf(volumeId).join(" ");
    const alike = orphans.filter(
      ({ targetPath, viewKey }) =>
        volumeIdBeside(targetPath) === undefined && this.#view(viewKey)?.roots.join(" ") === roots,
    );
    return alike.length === 1 ? alike[0] : undefined;
  }

  /**
   * Writes roots and a record for the mount.
   * @returns false when its view is not known, so that nothing can be written
   * @throws NiphasError ClosureCollected when a root is not valid any more, StoreUnavailable; nothing is written then
   */
  adopt(volumeId: VolumeId, orphan: OrphanMount): boolean {
    const { clock, database, gcRoots, records } = this.#components;
    const view = this.#view(orphan.viewKey);
    if (view === undefined) return false;
    if (view.roots.some((root) => database.validId(root) === undefined)) throw collected();
    gcRoots.add(volumeId, view.roots);
    const viewRootDir = `${this.#viewsDir}/${orphan.viewKey}/root`;
    records.write({
      version: RECORD_VERSION,
      volumeId,
      targetPath: orphan.targetPath,
      roots: view.roots,
      layout: "store",
      links: [],
      view: "auto",
      viewKey: orphan.viewKey,
      viewRootDir,
      viewDevice: deviceOf(orphan.targetPath),
      pod: { namespace: "", name: "", uid: "", serviceAccount: "" },
      createdAt: clock.date().toISOString(),
      isRebuilt: true,
    });
    return true;
  }

  #view(key: ViewKey): CachedView | undefined {
    return this.#components.views.list().find((view) => view.key === key);
  }

  #recordedTargets(): readonly string[] {
    const { gcRoots, records } = this.#components;
    return gcRoots.owners().flatMap((owner) => {
      const stored = isVolumeId(owner) ? records.read(owner) : undefined;
      return stored?.state === "ok" ? [stored.record.targetPath] : [];
    });
  }
}

function collected(): NiphasError {
  const message = "the volume is mounted but its paths were collected; it stays as it is: delete its pod";
  return new NiphasError("ClosureCollected", message);
}
