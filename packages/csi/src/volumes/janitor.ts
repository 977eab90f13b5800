import { isVolumeId, NiphasError, type VolumeId } from "@niphas/core";
import type { GcRoots } from "@niphas/nix";
import { errorFields } from "@niphas/service";
import type { Mounter } from "@niphas/views";
import type { Logger } from "pino";
import type { BackgroundWork } from "../background/background-work.ts";
import type { TargetDirectories } from "../publish/target-directories.ts";
import type { KeyedLock } from "./keyed-lock.ts";
import type { OrphanMount, OrphanMounts } from "./orphan-mounts.ts";
import type { RecordStore } from "./record-store.ts";
import type { RunningPublishes } from "./running-publishes.ts";
import { volumeIdBeside } from "./vol-data.ts";
import type { VolumeRemover } from "./volume-remover.ts";

export interface JanitorComponents {
  readonly logger: Logger;
  readonly mounter: Mounter;
  readonly targets: TargetDirectories;
  readonly gcRoots: GcRoots;
  readonly records: RecordStore;
  readonly remover: VolumeRemover;
  readonly orphans: OrphanMounts;
  readonly work: BackgroundWork;
  readonly locks: KeyedLock<string>;
  readonly running: RunningPublishes;
}

/** What one sweep changed. */
export interface SweepReport {
  readonly removed: number;
  readonly adopted: number;
  readonly quarantined: number;
  readonly unmounted: number;
  readonly failed: number;
}

type Outcome = "kept" | keyof SweepReport;

/**
 * Brings roots, records and mounts back in line after whatever happened: a crash, a reboot, a pod that was deleted
 * while the plugin was down, a damaged record. What a call works on at the moment is left alone.
 */
export class Janitor {
  readonly #components: JanitorComponents;

  constructor(components: JanitorComponents) {
    this.#components = components;
  }

  /** One volume that cannot be mended is logged and does not keep the others from it. */
  async sweep(signal: AbortSignal): Promise<SweepReport> {
    const counts = { kept: 0, removed: 0, adopted: 0, quarantined: 0, unmounted: 0, failed: 0 };
    for (const owner of this.#components.gcRoots.owners()) {
      if (signal.aborted) break;
      if (!isVolumeId(owner) || this.#isBusy(owner)) continue;
      for (const outcome of await this.#mendVolume(owner, signal)) counts[outcome]++;
    }
    for (const orphan of this.#findOrphans(signal)) counts[this.#guard(orphan, () => this.#mendOrphan(orphan))]++;
    const { kept, ...report } = counts;
    if (Object.values(report).some((count) => count > 0)) {
      this.#components.logger.info({ kept, ...report }, "the janitor brought volumes back in line");
    }
    return report;
  }

  #isBusy(volumeId: VolumeId): boolean {
    const { running, locks, work } = this.#components;
    return running.has(volumeId) || locks.isHeld(volumeId) || work.isInterested(volumeId);
  }

  /** Under the volume's lock, so that a call that comes meanwhile waits. */
  async #mendVolume(volumeId: VolumeId, signal: AbortSignal): Promise<readonly Outcome[]> {
    try {
      return await this.#components.locks.run(volumeId, signal, async () => this.#mend(volumeId));
    } catch (error) {
      return [this.#logFailure({ volumeId }, error)];
    }
  }

  #mend(volumeId: VolumeId): readonly Outcome[] {
    const { records, remover } = this.#components;
    const stored = records.read(volumeId);
    if (stored.state === "ok") {
      if (this.#isMounted(stored.record.targetPath)) return ["kept"];
      remover.detach({ volumeId, targetPath: stored.record.targetPath });
      remover.forget({ volumeId });
      return ["removed"];
    }
    const outcomes: Outcome[] = [];
    if (stored.state === "unreadable") {
      records.quarantine(volumeId);
      outcomes.push("quarantined");
    }
    outcomes.push(this.#guard({ volumeId }, () => this.#adoptOrRemove(volumeId)));
    return outcomes;
  }

  /** Links without a record: either the record was lost while the volume is mounted, or it never came to a mount. */
  #adoptOrRemove(volumeId: VolumeId): Outcome {
    const { orphans, remover } = this.#components;
    const orphan = orphans.ownedBy(volumeId, orphans.find());
    if (orphan !== undefined && orphans.adopt(volumeId, orphan)) return "adopted";
    if (this.#isNotedMount(volumeId)) throw unknownView();
    remover.forget({ volumeId });
    return "removed";
  }

  /** Whether the kubelet noted the volume beside a mount, whatever that shows: a pod may be running on it. */
  #isNotedMount(volumeId: VolumeId): boolean {
    const { mounter, targets } = this.#components;
    return mounter.list().some(({ mountPoint }) => {
      const targetPath = targets.fromMountTable(mountPoint);
      return targetPath !== undefined && volumeIdBeside(targetPath) === volumeId;
    });
  }

  #findOrphans(signal: AbortSignal): readonly OrphanMount[] {
    return signal.aborted ? [] : this.#components.orphans.find();
  }

  /** Unless roots were kept for it, its paths may be collected any time: it gets them back, or goes. */
  #mendOrphan(orphan: OrphanMount): Outcome {
    const { mounter, targets, orphans, remover } = this.#components;
    const volumeId = volumeIdBeside(orphan.targetPath);
    if (volumeId !== undefined && (this.#isBusy(volumeId) || remover.isAnythingLeft({ volumeId }))) return "kept";
    if (volumeId !== undefined && orphans.adopt(volumeId, orphan)) return "adopted";
    mounter.unmountAll(orphan.targetPath);
    targets.remove(orphan.targetPath);
    return "unmounted";
  }

  #isMounted(targetPath: string): boolean {
    const { targets, mounter } = this.#components;
    return targets.covers(targetPath) && targets.exists(targetPath) && mounter.isMountPoint(targetPath);
  }

  #guard(subject: object, work: () => Outcome): Outcome {
    try {
      return work();
    } catch (error) {
      return this.#logFailure(subject, error);
    }
  }

  #logFailure(subject: object, cause: unknown): Outcome {
    this.#components.logger.error({ ...subject, ...errorFields(cause) }, "the janitor could not mend a volume");
    return "failed";
  }
}

function unknownView(): NiphasError {
  const message =
    "the volume has no record and its mount shows an unknown view; its roots stay until it is unpublished";
  return new NiphasError("VolumeBusy", message);
}
