import { NiphasError } from "@niphas/core";
import type { Clock } from "@niphas/service";
import type { Mounter, View } from "@niphas/views";
import type { RecordStore } from "../volumes/record-store.ts";
import { deviceOf } from "../volumes/view-mounts.ts";
import { RECORD_VERSION, type VolumeRecord } from "../volumes/volume-record.ts";
import type { PublishRequest } from "./request.ts";
import type { TargetDirectories } from "./target-directories.ts";

export interface ViewMountComponents {
  readonly clock: Clock;
  readonly mounter: Mounter;
  readonly records: RecordStore;
  readonly targets: TargetDirectories;
}

/**
 * The last step of a publish: record, target directory, mount, proof. Synchronous, so that neither the janitor nor
 * another call ever sees a mount without a record.
 */
export class ViewMount {
  readonly #components: ViewMountComponents;

  constructor(components: ViewMountComponents) {
    this.#components = components;
  }

  /** @throws NiphasError MountFailed, InvalidRequest; the caller undoes what is there */
  make(request: PublishRequest, view: View): void {
    const { mounter, records } = this.#components;
    records.write(this.#recordOf(request, view));
    if (mounter.isMountPoint(request.targetPath)) {
      // A crash between mount and answer, or a lost record: our mount stays. Anything else there is replaced.
      if (mounter.isBindOf(request.targetPath, view.rootDir)) return;
      mounter.unmountAll(request.targetPath);
    }
    this.#mount(request.targetPath, view.rootDir);
  }

  #mount(targetPath: string, source: string): void {
    const { mounter, targets } = this.#components;
    const pinned = targets.make(targetPath);
    try {
      mounter.bindReadOnly(source, pinned.path);
    } finally {
      pinned.close();
    }
    if (!mounter.isBindOf(targetPath, source)) {
      throw new NiphasError("MountFailed", "the view was mounted but does not show at the target: was it moved?");
    }
  }

  #recordOf({ volumeId, targetPath, volume, pod }: PublishRequest, view: View): VolumeRecord {
    return {
      version: RECORD_VERSION,
      volumeId,
      targetPath,
      ...volume,
      viewKey: view.key,
      viewRootDir: view.rootDir,
      viewDevice: deviceOf(view.rootDir),
      pod,
      createdAt: this.#components.clock.date().toISOString(),
      isRebuilt: false,
    };
  }
}
