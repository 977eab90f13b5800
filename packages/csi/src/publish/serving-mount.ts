import { NiphasError } from "@niphas/core";
import type { Mounter } from "@niphas/views";
import type { RecordStore } from "../volumes/record-store.ts";
import type { VolumeRecord } from "../volumes/volume-record.ts";
import type { PublishRequest } from "./request.ts";
import type { TargetDirectories } from "./target-directories.ts";

export interface ServingMountComponents {
  readonly mounter: Mounter;
  readonly records: RecordStore;
  readonly targets: TargetDirectories;
}

/**
 * Finds out whether the volume is already published as asked. A few system calls: no database, no Nix, no log, so that a
 * republish succeeds whatever else is broken on the node.
 */
export class ServingMount {
  readonly #components: ServingMountComponents;

  constructor(components: ServingMountComponents) {
    this.#components = components;
  }

  /**
   * True when there is nothing to do. False when there is no mount, or one that is not ours.
   * @throws NiphasError VolumeConflict when the volume is published with other arguments; it stays as it is
   */
  isServing(request: PublishRequest): boolean {
    const stored = this.#components.records.read(request.volumeId);
    if (stored.state !== "ok" || !this.#isOurs(stored.record)) return false;
    if (!isSameRequest(stored.record, request)) throw conflict();
    return true;
  }

  #isOurs(record: VolumeRecord): boolean {
    const { mounter, targets } = this.#components;
    const { targetPath, viewRootDir, viewDevice } = record;
    if (!mounter.isMountPoint(targetPath)) return false;
    if (mounter.isBindOf(targetPath, viewRootDir)) return true;
    // The view may have been activated anew since, as a new file system; the old mount is as good as ever.
    const mountPoint = targets.onMountTable(targetPath);
    const top = mounter.list().findLast((entry) => entry.mountPoint === mountPoint);
    return top !== undefined && top.device === viewDevice && top.options.includes("ro");
  }
}

function isSameRequest(record: VolumeRecord, request: PublishRequest): boolean {
  const { volume } = request;
  if (record.targetPath !== request.targetPath) return false;
  if (record.roots.join(" ") !== volume.roots.join(" ")) return false;
  if (record.isRebuilt) return true;
  return (
    record.layout === volume.layout &&
    record.view === volume.view &&
    JSON.stringify(record.links) === JSON.stringify(volume.links)
  );
}

function conflict(): NiphasError {
  const message = "the volume is already published with other arguments; it must be unpublished first";
  return new NiphasError("VolumeConflict", message);
}
