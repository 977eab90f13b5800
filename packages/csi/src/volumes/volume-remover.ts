import { existsSync } from "node:fs";
import { isNiphasError, type ViewKey } from "@niphas/core";
import type { GcRoots } from "@niphas/nix";
import type { Mounter } from "@niphas/views";
import type { VolumeTarget } from "../publish/request.ts";
import type { TargetDirectories } from "../publish/target-directories.ts";
import type { RecordStore } from "./record-store.ts";

export interface VolumeRemoverComponents {
  readonly mounter: Mounter;
  readonly targets: TargetDirectories;
  readonly records: RecordStore;
  readonly gcRoots: GcRoots;
}

/**
 * Takes a volume away: mount, target directory, then roots and record; so that a crash in between leaves roots without
 * a mount, never a mount without roots. Used by unpublish, by the undo of a failed publish, and by the janitor.
 * Synchronous, so that nobody sees a volume half removed. Every step is idempotent.
 */
export class VolumeRemover {
  readonly #components: VolumeRemoverComponents;

  constructor(components: VolumeRemoverComponents) {
    this.#components = components;
  }

  /** Whether there is anything of the volume: it has a directory before it has a mount, and longer. */
  isAnythingLeft({ volumeId }: Pick<VolumeTarget, "volumeId">): boolean {
    return existsSync(this.#components.gcRoots.ownerDir(volumeId));
  }

  /**
   * Unmounts and removes the target, also one that the volume's record names.
   * @returns the view that the record named, if any
   * @throws NiphasError MountFailed, InvalidRequest when the target is reached through a link
   */
  detach({ volumeId, targetPath }: VolumeTarget): ViewKey | undefined {
    const stored = this.#components.records.read(volumeId);
    this.#clear(targetPath);
    if (stored.state !== "ok") return undefined;
    const recorded = stored.record.targetPath;
    if (recorded !== targetPath && this.#components.targets.covers(recorded)) this.#clear(recorded);
    return stored.record.viewKey;
  }

  /** Removes roots and record. Only after {@link detach}. */
  forget({ volumeId }: Pick<VolumeTarget, "volumeId">): void {
    this.#components.gcRoots.remove(volumeId);
  }

  /** Both. A target that turned into a link is left alone when the mount table proves that nothing is mounted there. */
  undo(target: VolumeTarget): void {
    const { mounter, targets } = this.#components;
    try {
      this.detach(target);
    } catch (error) {
      const isLink = isNiphasError(error) && error.code === "InvalidRequest";
      const mountPoint = targets.onMountTable(target.targetPath);
      const isMounted = mounter.list().some((entry) => entry.mountPoint === mountPoint);
      if (!isLink || isMounted) throw error;
    }
    this.forget(target);
  }

  #clear(targetPath: string): void {
    const { mounter, targets } = this.#components;
    if (!targets.exists(targetPath)) return;
    if (mounter.isMountPoint(targetPath)) mounter.unmountAll(targetPath);
    targets.remove(targetPath);
  }
}
