import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import {
  auditNode,
  FakeKubelet,
  makeSharedMount,
  PluginProcess,
  type PodVolume,
  type TemporaryDirectory,
} from "@niphas/testing";
import { choosePlatform, type Platform } from "./platform.ts";

export interface NodeInit {
  readonly directory: TemporaryDirectory;
  readonly wantsHost: boolean;
  /** The file of the command `niphas`. */
  readonly niphas: string;
}

/** Where a node gets closures from. */
export interface NodeSources {
  /** The binary cache. */
  readonly substituter: string;
  readonly publicKey: string;
  /** The mesh daemon, which is asked first. @default none */
  readonly mesh?: string;
}

/** A published volume, with what the kubelet saw on the way. */
export interface Published {
  readonly podUid: string;
  readonly volume: PodVolume;
  /** Of the call that succeeded. */
  readonly durationMs: number;
  /** Answers of the calls before it. */
  readonly progress: readonly string[];
}

const VOLUME_NAME = "nix-store";

/** A cluster node in one directory: `niphas csi` as a process of its own, and a kubelet that finds and calls it. */
export class DemoNode {
  /** Of its directory in the demo's. */
  readonly name: string;
  readonly platform: Platform;
  readonly plugin: PluginProcess;
  readonly #kubelet: FakeKubelet;

  private constructor(parts: { name: string; platform: Platform; plugin: PluginProcess; kubelet: FakeKubelet }) {
    this.name = parts.name;
    this.platform = parts.platform;
    this.plugin = parts.plugin;
    this.#kubelet = parts.kubelet;
  }

  /** The kubelet directory is a mount of its own from which the plugin's mounts come back to this namespace. */
  static async create(init: NodeInit & NodeSources, name: string, owner: AsyncDisposableStack): Promise<DemoNode> {
    const baseDir = init.directory.join(name);
    const kubeletDir = join(baseDir, "kubelet");
    const platform = choosePlatform(init.wantsHost, kubeletDir);
    const plugin = await PluginProcess.create(
      {
        baseDir,
        kubeletDir,
        substituters: [init.substituter],
        trustedPublicKeys: [init.publicKey],
        entry: [init.niphas, "csi"],
        wrapper: platform.wrapper,
        env: platform.env,
        // The kubelet shows progress only when a call fails: the demo wants to see some.
        flags: { "publish-wait": "1s", "log-level": "info", ...(init.mesh === undefined ? {} : { mesh: init.mesh }) },
      },
      { start: false },
    );
    owner.use(plugin);
    await makeSharedMount(kubeletDir);
    const kubelet = owner.use(FakeKubelet.start({ kubeletDir }));
    return new DemoNode({ name, platform, plugin, kubelet });
  }

  /** Starts the plugin; returns when the kubelet has found and registered it. */
  async start(): Promise<string> {
    await this.plugin.start();
    await this.#kubelet.registered();
    return this.#kubelet.watcher.endpointOf("csi.niphas.io") ?? "";
  }

  /** Wants a pod with one inline volume, and waits until the kubelet has mounted it. */
  async publish(storePath: StorePath): Promise<Published> {
    const podUid = this.#kubelet.addPod({ volumes: { [VOLUME_NAME]: { attributes: { storePath } } } });
    await this.#kubelet.mounted(podUid, 180_000);
    const volume = this.#kubelet.volume(podUid, VOLUME_NAME);
    const calls = this.#kubelet.history.filter((call) => call.volumeId === volume.volumeId);
    const progress = calls.filter((call) => call.outcome.code !== "OK").map((call) => call.outcome.message);
    return { podUid, volume, durationMs: calls.at(-1)?.outcome.durationMs ?? 0, progress };
  }

  /** Deletes the pod and waits until its volume is gone. */
  async unpublish(published: Published): Promise<void> {
    this.#kubelet.deletePod(published.podUid);
    await this.#kubelet.gone(published.podUid);
  }
  /** What volumes have left behind: roots, mounts, directories, processes. */
  get remains(): readonly string[] {
    const audit = auditNode(this.plugin);
    return [...audit.rootOwners, ...audit.podMounts, ...audit.targetDirs, ...audit.helperProcesses];
  }
}
