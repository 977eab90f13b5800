import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type StorePath, storePathBaseName } from "@niphas/core";
import { BinaryCacheServer } from "../cache/binary-cache-server.ts";
import type { PublishRequest } from "../csi/csi-client.ts";
import type { RpcOptions, RpcOutcome } from "../csi/rpc-client.ts";
import { podInfo } from "../fake-kubelet/fake-kubelet.ts";
import { type PodVolume, podVolume } from "../fake-kubelet/pod-volume.ts";
import { saveVolumeData } from "../fake-kubelet/volume-data.ts";
import { type PluginInit, PluginProcess } from "../plugin/plugin-process.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../resources/temporary-directory.ts";
import type { ClosureOptions } from "../store/closure-shape.ts";
import { narDigest } from "../store/nar.ts";
import { readTree } from "../store/read-tree.ts";
import { type TestClosure, TestStore } from "../store/test-store.ts";
import { auditNode, type NodeAudit } from "./node-audit.ts";

export interface TestNodeInit {
  /** Merged over what the node itself gives the plugin. */
  readonly plugin?: Omit<PluginInit, "baseDir">;
  /** @default true */
  readonly start?: boolean;
  /** Called with the node's directory before anything is made in it, to mount a file system there. */
  readonly prepare?: (directory: TemporaryDirectory) => Promise<void>;
}

const DRIVER_NAME = "csi.niphas.io";

/** Names beside the closure's own paths in a view's store directory. */
const VIEW_EXTRAS = [".niphas", ".roots"];

/** A node in one directory: the plugin as a process, its store, and an upstream cache that it substitutes from. */
export class TestNode implements AsyncDisposable {
  readonly directory: TemporaryDirectory;
  readonly plugin: PluginProcess;
  /** The plugin's own store: what is added here is already present. */
  readonly store: TestStore;
  /** What the cache is filled from. */
  readonly upstream: TestStore;
  readonly cache: BinaryCacheServer;

  private constructor(parts: {
    readonly directory: TemporaryDirectory;
    readonly plugin: PluginProcess;
    readonly store: TestStore;
    readonly upstream: TestStore;
    readonly cache: BinaryCacheServer;
  }) {
    this.directory = parts.directory;
    this.plugin = parts.plugin;
    this.store = parts.store;
    this.upstream = parts.upstream;
    this.cache = parts.cache;
  }

  static async create(prefix: string, init: TestNodeInit = {}): Promise<TestNode> {
    await using cleanup = new AsyncDisposableStack();
    const directory = cleanup.use(temporaryDirectory(prefix));
    await init.prepare?.(directory);
    const upstream = await TestStore.create(directory.join("upstream/store"));
    mkdirSync(directory.join("cache"), { recursive: true });
    await upstream.copyToCache(directory.join("cache"), []);
    const cache = cleanup.use(await BinaryCacheServer.start(directory.join("cache")));
    const stateDir = init.plugin?.stateDir ?? directory.join("state");
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const store = await TestStore.create(join(stateDir, "store"), { scratchDir: directory.join("scratch") });
    const plugin = cleanup.use(
      await PluginProcess.create(
        {
          baseDir: directory.path,
          substituters: [cache.url],
          trustedPublicKeys: [upstream.publicKey],
          ...init.plugin,
        },
        { start: init.start ?? true },
      ),
    );
    cleanup.move();
    return new TestNode({ directory, plugin, store, upstream, cache });
  }

  /** Adds a closure to the cache only: publishing it is cold. */
  async addUpstream(options: ClosureOptions): Promise<TestClosure> {
    const closure = await this.upstream.addClosure(options);
    await this.upstream.copyToCache(this.directory.join("cache"), [closure.root]);
    return closure;
  }

  /** Adds a closure to the plugin's own store: publishing it is warm. */
  async addLocal(options: ClosureOptions): Promise<TestClosure> {
    return this.store.addClosure(options);
  }

  /** A new pod's volume, with its directory and `vol_data.json` made as the kubelet makes them. */
  volume(volumeName = "nix", podUid: string = randomUUID()): PodVolume {
    const volume = podVolume(this.plugin.kubeletDir, podUid, volumeName);
    saveVolumeData(volume, DRIVER_NAME, "test-node");
    return volume;
  }

  /** Publishes as the kubelet would for a pod of the default namespace. */
  async publish(
    volume: PodVolume,
    root: StorePath | Readonly<Record<string, string>>,
    options?: RpcOptions,
  ): Promise<RpcOutcome> {
    return this.plugin.client.publish(this.publishRequest(volume, root), options);
  }

  publishRequest(volume: PodVolume, root: StorePath | Readonly<Record<string, string>>): PublishRequest {
    const asked = typeof root === "string" ? { storePath: root } : root;
    return {
      volumeId: volume.volumeId,
      targetPath: volume.targetPath,
      attributes: { ...asked, ...podInfo(volume.podUid, undefined) },
    };
  }

  async unpublish(volume: PodVolume, options?: RpcOptions): Promise<RpcOutcome> {
    return this.plugin.client.unpublish(volume.volumeId, volume.targetPath, options);
  }

  audit(): NodeAudit {
    return auditNode(this.plugin);
  }

  /**
   * What is wrong with a published closure, judged by real Nix and by reading every byte through the mount:
   * paths that the database has lost, missing or foreign entries, content that is not what was signed.
   */
  async problemsOf(volume: PodVolume, closure: TestClosure): Promise<readonly string[]> {
    const expected = [...closure.paths].map(storePathBaseName).sort();
    const shown = readdirSync(volume.targetPath).filter((name) => !VIEW_EXTRAS.includes(name));
    const foreign = shown.filter((name) => !expected.includes(name)).map((name) => `foreign: ${name}`);
    const missing = expected.filter((name) => !shown.includes(name)).map((name) => `missing: ${name}`);
    const changed = this.unreadablePathsOf(volume, closure);
    const invalid = (await this.store.invalidPaths(closure.paths)).map((path) => `invalid: ${path}`);
    return [...foreign, ...missing, ...changed, ...invalid];
  }

  /** The part of {@link problemsOf} that needs no process: content that is not what was signed. */
  unreadablePathsOf(volume: PodVolume, closure: TestClosure): readonly string[] {
    return closure.paths
      .filter((path) => shownDigest(volume, path) !== closure.narSha256.get(path))
      .map((path) => `changed: ${path}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plugin[Symbol.asyncDispose]();
    await this.cache[Symbol.asyncDispose]();
    await this.directory[Symbol.asyncDispose]();
  }

  /** Makes a pod's whole directory vanish, as a forced deletion does; nothing may be mounted below it. */
  forgetPod(volume: PodVolume): void {
    rmSync(dirname(dirname(dirname(volume.volumeDir))), { recursive: true });
  }
}

function shownDigest(volume: PodVolume, path: StorePath): string | undefined {
  try {
    return narDigest(readTree(join(volume.targetPath, storePathBaseName(path)))).sha256Hex;
  } catch {
    // Unreadable is as bad as different.
    return undefined;
  }
}
