import type { System } from "@niphas/core";
import type { BootTrust, CollectorNotifier, GcRoots, Realiser, StoreDatabase, TrustChecker } from "@niphas/nix";
import type { Clock } from "@niphas/service";
import type { Mounter, ViewCache } from "@niphas/views";
import type { Logger } from "pino";
import type { BackgroundWork } from "../background/background-work.ts";
import type { Policy } from "../policy/policy.ts";
import type { KeyedLock } from "../volumes/keyed-lock.ts";
import type { RecordStore } from "../volumes/record-store.ts";
import type { RunningPublishes } from "../volumes/running-publishes.ts";
import type { VolumeRemover } from "../volumes/volume-remover.ts";
import type { PhaseTimer, PublishPath } from "./phase-timer.ts";
import type { TargetDirectories } from "./target-directories.ts";

/** What publish and unpublish work with; the composition root makes one of each. */
export interface PublishComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly database: StoreDatabase;
  readonly realiser: Realiser;
  readonly gcRoots: GcRoots;
  readonly notifier: CollectorNotifier;
  readonly trust: TrustChecker;
  readonly boot: Pick<BootTrust, "assertNotDistrusted" | "noteRealised">;
  readonly views: ViewCache;
  readonly mounter: Mounter;
  readonly policy: Policy;
  readonly targets: TargetDirectories;
  readonly records: RecordStore;
  readonly remover: VolumeRemover;
  readonly work: BackgroundWork;
  readonly locks: KeyedLock<string>;
  readonly running: RunningPublishes;
  readonly observer: PublishObserver;
}

export interface PublishInit {
  readonly kubeletDir: string;
  readonly system: System;
  /** `--publish-wait` */
  readonly maxWaitMs: number;
}

/** Told what happens, for metrics and for garbage collection when the disk is full. */
export interface PublishObserver {
  published(path: PublishPath, timer: PhaseTimer): void;
  viewLookedUp(result: "hit" | "miss"): void;
  fetched(upstreamBytes: number, meshBytes: number): void;
  diskExhausted(): void;
}
