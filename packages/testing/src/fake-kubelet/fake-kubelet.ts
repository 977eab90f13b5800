import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { waitUntil } from "../processes/wait-until.ts";
import { PluginWatcher } from "./plugin-watcher.ts";
import { type PodEvent, PodEvents } from "./pod-events.ts";
import { type PodVolume, podVolume } from "./pod-volume.ts";
import { removePodDir, volumesOnDisk } from "./volume-data.ts";
import { VolumeLoop } from "./volume-loop.ts";
import { type RpcRecord, VolumeOperator } from "./volume-operator.ts";

export interface FakeKubeletInit {
  readonly kubeletDir: string;
  /** @default "csi.niphas.io" */
  readonly driverName?: string;
  /** Pace of back-off; 1 is the kubelet's own. @default 0.02 */
  readonly timeScale?: number;
  /** @default 120_000, the kubelet's `csiTimeout` */
  readonly publishDeadlineMs?: number;
}

/** A pod as the API server would hold it. */
export interface PodSpec {
  /** @default random */
  readonly uid?: string;
  /** @default "default" */
  readonly namespace?: string;
  /** @default "pod-<first characters of the uid>" */
  readonly name?: string;
  /** @default "default" */
  readonly serviceAccount?: string;
  readonly volumes: Readonly<Record<string, VolumeSource>>;
}

/** An inline volume's `csi:` part. */
export interface VolumeSource {
  readonly attributes: Readonly<Record<string, string>>;
  /** @default true */
  readonly readOnly?: boolean;
}

/**
 * A kubelet for one node and one driver: finds the plugin through its
 * registration socket and treats inline volumes as the real one does, with its
 * deadlines, back-off, uncertain state, clean-up and reconstruction.
 */
export class FakeKubelet implements AsyncDisposable {
  /** Every Publish and Unpublish so far. */
  readonly history: RpcRecord[] = [];
  readonly #init: Required<FakeKubeletInit>;
  readonly #pods = new Map<string, PodSpec>();
  readonly #events = new PodEvents();
  readonly #loops = new Map<string, VolumeLoop>();
  #watcher: PluginWatcher;

  private constructor(init: FakeKubeletInit) {
    this.#init = { driverName: "csi.niphas.io", timeScale: 0.02, publishDeadlineMs: 120_000, ...init };
    this.#watcher = this.#newWatcher();
  }

  static start(init: FakeKubeletInit): FakeKubelet {
    const kubelet = new FakeKubelet(init);
    kubelet.#watcher.start();
    return kubelet;
  }

  get watcher(): PluginWatcher {
    return this.#watcher;
  }

  /** Waits until the driver has registered. */
  async registered(): Promise<void> {
    await waitUntil("the plugin to register", () => this.#watcher.endpointOf(this.#init.driverName) !== undefined);
  }

  /** Wants a pod on this node; its volumes are published in the background. */
  addPod(spec: PodSpec): string {
    const uid = spec.uid ?? randomUUID();
    this.#pods.set(uid, spec);
    for (const name of Object.keys(spec.volumes)) this.#startLoop(podVolume(this.#init.kubeletDir, uid, name), spec);
    return uid;
  }

  /** The pod was deleted: its volumes have to go. */
  deletePod(uid: string): void {
    this.#pods.delete(uid);
    for (const loop of this.#loopsOf(uid)) loop.unwant();
  }

  /** Waits until all volumes of the pod are mounted. */
  async mounted(uid: string, timeoutMs?: number): Promise<void> {
    await waitUntil(
      `volumes of pod ${uid} to be mounted`,
      () => this.#loopsOf(uid).every((loop) => loop.state === "mounted"),
      timeoutMs === undefined ? {} : { timeoutMs },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(this.events(uid), undefined, 1)}`);
    });
  }

  /** Waits until a deleted pod's volumes are gone, then removes its directory as the kubelet's housekeeping does. */
  async gone(uid: string, timeoutMs?: number): Promise<void> {
    await waitUntil(
      `volumes of pod ${uid} to be gone`,
      () => this.#loopsOf(uid).every((loop) => loop.isFinished),
      timeoutMs === undefined ? {} : { timeoutMs },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(this.events(uid), undefined, 1)}`);
    });
    for (const loop of this.#loopsOf(uid)) await loop.stop();
    removePodDir(this.#init.kubeletDir, uid);
  }

  volume(uid: string, name: string): PodVolume {
    return podVolume(this.#init.kubeletDir, uid, name);
  }

  /** What `kubectl describe pod` would list. */
  events(uid: string): readonly PodEvent[] {
    return this.#events.of(uid);
  }

  /** Publishes every volume of a pod once more, as `requiresRepublish` makes the kubelet do. */
  async republish(uid: string): Promise<void> {
    for (const loop of this.#loopsOf(uid)) {
      const { error } = await loop.republish();
      if (error !== undefined) throw new Error(error);
    }
  }

  /** Dies without a word: memory is lost, disk, mounts and the API server's pods stay. */
  async crash(): Promise<void> {
    await this.#watcher.stop();
    await Promise.all([...this.#loops.values()].map((loop) => loop.stop()));
    this.#loops.clear();
  }

  /** Comes back: rebuilds volumes from `vol_data.json` as uncertain, mounts those of wanted pods, unpublishes the others. */
  async recover(): Promise<void> {
    this.#watcher = this.#newWatcher();
    this.#watcher.start();
    await this.registered();
    for (const { volume } of volumesOnDisk(this.#init.kubeletDir)) {
      const spec = this.#pods.get(volume.podUid);
      this.#startLoop(volume, spec, "uncertain");
    }
    this.#startMissingLoops();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.crash();
  }

  #startMissingLoops(): void {
    for (const [uid, spec] of this.#pods) {
      for (const name of Object.keys(spec.volumes)) {
        const volume = this.volume(uid, name);
        if (!this.#loops.has(volume.volumeId)) this.#startLoop(volume, spec);
      }
    }
  }

  #startLoop(volume: PodVolume, spec: PodSpec | undefined, state: "notMounted" | "uncertain" = "notMounted"): void {
    const source = spec?.volumes[volume.volumeName];
    const request = {
      attributes: { ...source?.attributes, ...podInfo(volume.podUid, spec) },
      readonly: source?.readOnly ?? true,
    };
    const components = { operator: this.#newOperator(), events: this.#events };
    const loop = new VolumeLoop(components, { volume, request, state, timeScale: this.#init.timeScale });
    this.#loops.set(volume.volumeId, loop);
    if (spec === undefined) loop.unwant();
    loop.start();
  }

  #newOperator(): VolumeOperator {
    return new VolumeOperator({
      driverName: this.#init.driverName,
      nodeName: "test-node",
      publishDeadlineMs: this.#init.publishDeadlineMs,
      endpointOf: (name) => this.#watcher.endpointOf(name),
      onRpc: (record) => this.history.push(record),
    });
  }

  #newWatcher(): PluginWatcher {
    return new PluginWatcher(join(this.#init.kubeletDir, "plugins_registry"));
  }

  #loopsOf(uid: string): readonly VolumeLoop[] {
    return [...this.#loops.values()].filter((loop) => loop.volume.podUid === uid);
  }
}

/** What `podInfoOnMount: true` adds. Source: csi_mounter.go, csi_util.go `getPodInfoAttrs`. */
export function podInfo(uid: string, spec: Omit<PodSpec, "volumes"> | undefined): Readonly<Record<string, string>> {
  return {
    "csi.storage.k8s.io/pod.name": spec?.name ?? `pod-${uid.slice(0, 8)}`,
    "csi.storage.k8s.io/pod.namespace": spec?.namespace ?? "default",
    "csi.storage.k8s.io/pod.uid": uid,
    "csi.storage.k8s.io/serviceAccount.name": spec?.serviceAccount ?? "default",
    "csi.storage.k8s.io/ephemeral": "true",
  };
}
