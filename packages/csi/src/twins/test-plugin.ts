import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  isNiphasError,
  NiphasError,
  parseStorePath,
  parseVolumeId,
  type StorePath,
  type System,
  type VolumeId,
} from "@niphas/core";
import { createGcRoots, type GcRoots } from "@niphas/nix";
import { ManualClock } from "@niphas/service";
import { BackgroundWork } from "../background/background-work.ts";
import { DefaultPolicy, type Policy } from "../policy/policy.ts";
import type { PublishComponents, PublishInit, PublishObserver } from "../publish/components.ts";
import { PublishVolume } from "../publish/publish-volume.ts";
import type { NodePublishVolumeRequest } from "../publish/request.ts";
import { TargetDirectories } from "../publish/target-directories.ts";
import { UnpublishVolume } from "../publish/unpublish-volume.ts";
import type { RpcContext } from "../server/rpc.ts";
import { Janitor } from "../volumes/janitor.ts";
import { KeyedLock } from "../volumes/keyed-lock.ts";
import { OrphanMounts } from "../volumes/orphan-mounts.ts";
import { RecordStore } from "../volumes/record-store.ts";
import { RunningPublishes } from "../volumes/running-publishes.ts";
import { VolumeRemover } from "../volumes/volume-remover.ts";
import { CapturedLog } from "./captured-log.ts";
import { MemoryMounts } from "./memory-mounts.ts";
import { MemoryNix } from "./memory-nix.ts";
import { MemoryViews } from "./memory-views.ts";

export const HELLO: StorePath = parseStorePath(`/nix/store/${"a".repeat(32)}-hello-2.12`);
export const WORLD: StorePath = parseStorePath(`/nix/store/${"b".repeat(32)}-world-1.0`);

/** The n-th volume's id. */
export function volumeId(n: number): VolumeId {
  return parseVolumeId(`csi-${n.toString(16).padStart(64, "0")}`);
}

export interface TestCall {
  readonly context: RpcContext;
  readonly cancel: () => void;
}

/** A call context whose client a test can make leave. */
export function testCall(): TestCall {
  const controller = new AbortController();
  return {
    context: { signal: controller.signal, abort: (reason) => controller.abort(reason) },
    cancel: () => controller.abort(new NiphasError("Cancelled", "the client ended the call")),
  };
}

/** Publish, unpublish and janitor over real directories and links, with Nix, views, mounts and time in memory. */
export class TestPlugin implements Disposable {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), "niphas-csi-")));
  readonly kubeletDir = join(this.dir, "kubelet");
  readonly viewsDir = join(this.dir, "views");
  readonly quarantineDir = join(this.dir, "quarantine");
  readonly clock = new ManualClock();
  readonly log = new CapturedLog();
  readonly nix = new MemoryNix();
  readonly views = new MemoryViews({ viewsDir: this.viewsDir });
  readonly mounter = new MemoryMounts();
  readonly gcRoots: GcRoots = createGcRoots({ rootDir: join(this.dir, "store") });
  readonly work = new BackgroundWork({ clock: this.clock }, { lingerMs: 600_000 });
  readonly locks = new KeyedLock<string>();
  readonly running = new RunningPublishes();
  readonly targets: TargetDirectories;
  readonly records: RecordStore;
  readonly remover: VolumeRemover;
  readonly janitor: Janitor;
  readonly events: string[] = [];
  policy: Policy = new DefaultPolicy();
  distrustError: NiphasError | undefined;

  /** @param init.realKubeletDir a name: the administrator moved the kubelet's directory there and left a link */
  constructor(init: { readonly realKubeletDir?: string } = {}) {
    const realKubeletDir = join(this.dir, init.realKubeletDir ?? "kubelet");
    mkdirSync(realKubeletDir);
    if (realKubeletDir !== this.kubeletDir) symlinkSync(realKubeletDir, this.kubeletDir);
    mkdirSync(this.viewsDir);
    this.targets = new TargetDirectories({ kubeletDir: this.kubeletDir, realKubeletDir });
    this.records = new RecordStore(this, { quarantineDir: this.quarantineDir });
    this.remover = new VolumeRemover(this);
    const orphans = new OrphanMounts({ ...this, database: this.nix }, { viewsDir: this.viewsDir });
    this.janitor = new Janitor({ ...this, logger: this.log.logger, orphans });
  }

  /** The n-th volume's target; its parent exists. */
  target(n: number): string {
    const target = join(this.kubeletDir, `pods/pod-${n}/volumes/kubernetes.io~csi/store/mount`);
    mkdirSync(dirname(target), { recursive: true });
    return target;
  }

  request(n: number, changes: Partial<NodePublishVolumeRequest> = {}): NodePublishVolumeRequest {
    return {
      volume_id: volumeId(n),
      target_path: this.target(n),
      volume_capability: { mount: { fs_type: "", mount_flags: [], volume_mount_group: "" } },
      readonly: true,
      volume_context: { storePath: HELLO, "csi.storage.k8s.io/pod.namespace": "default" },
      ...changes,
    };
  }

  async publish(request: NodePublishVolumeRequest, context: RpcContext = testCall().context): Promise<void> {
    await new PublishVolume(this.components(), this.publishInit()).publish(request, context);
  }

  async unpublish(n: number, context: RpcContext = testCall().context): Promise<void> {
    const request = { volume_id: volumeId(n), target_path: this.target(n) };
    await new UnpublishVolume(this.components(), this.publishInit()).unpublish(request, context);
  }

  /** What is there of the n-th volume. */
  state(n: number): { mounted: boolean; target: boolean; roots: number; record: boolean } {
    return {
      mounted: this.mounter.isMountPoint(this.target(n)),
      target: existsSync(this.target(n)),
      roots: this.gcRoots.rootsOf(volumeId(n)).length,
      record: this.records.read(volumeId(n)).state === "ok",
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  publishInit(): PublishInit {
    return { kubeletDir: this.kubeletDir, system: "x86_64-linux" as System, maxWaitMs: 90_000 };
  }

  components(): PublishComponents {
    const { nix } = this;
    const boot = {
      assertNotDistrusted: () => {
        if (this.distrustError !== undefined) throw this.distrustError;
      },
      noteRealised: () => this.events.push("realised"),
    };
    const observer: PublishObserver = {
      published: (path) => this.events.push(`published ${path}`),
      viewLookedUp: (result) => this.events.push(`view ${result}`),
      fetched: (bytes) => this.events.push(`fetched ${bytes}`),
      diskExhausted: () => this.events.push("disk exhausted"),
    };
    return {
      ...this,
      logger: this.log.logger,
      database: nix,
      realiser: nix,
      notifier: nix,
      trust: nix,
      boot,
      observer,
    };
  }
}

/** The error's code, or "OK". */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch (error) {
    return isNiphasError(error) ? error.code : String(error);
  }
}

export const NOTHING = { mounted: false, target: false, roots: 0, record: false };
export const PUBLISHED = { mounted: true, target: true, roots: 1, record: true };
