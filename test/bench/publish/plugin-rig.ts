import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import { detachMountsBelow, PluginProcess, type PodVolume, podVolume, type RpcOutcome } from "@niphas/testing";

export interface PluginRigInit {
  /** Holds `state/` and `kubelet/`; belongs to the caller. */
  readonly baseDir: string;
  /** See `bundleNiphas`. */
  readonly bundleFile: string;
  readonly publicKey: string;
  readonly view: "composefs" | "tree";
  readonly substituters?: readonly string[];
}

/** No collection, and no more log lines than in production: neither is what is measured. */
const QUIET_FLAGS = { "gc-interval": "24h", "gc-free-bytes": "0%", "gc-free-inodes": "0%", "log-level": "info" };
/** A benchmark that is killed leaves no plugin behind. */
const ENDS_WITH_PARENT = ["setpriv", "--pdeathsig", "TERM", "--"];
const PUBLISH_DEADLINE_MS = 120_000;
const SHORTEST_WAIT_MS = 1000;

/** The real plugin as a process, and the kubelet's side of it. Disposal ends it and takes its mounts away. */
export class PluginRig implements AsyncDisposable {
  readonly plugin: PluginProcess;
  readonly #init: PluginRigInit;

  private constructor(init: PluginRigInit, plugin: PluginProcess) {
    this.#init = init;
    this.plugin = plugin;
  }

  static async start(init: PluginRigInit): Promise<PluginRig> {
    const plugin = await PluginProcess.create({
      baseDir: init.baseDir,
      trustedPublicKeys: [init.publicKey],
      ...(init.substituters === undefined ? {} : { substituters: init.substituters }),
      flags: { ...QUIET_FLAGS, view: init.view },
      wrapper: ENDS_WITH_PARENT,
      entry: [init.bundleFile, "csi"],
    });
    return new PluginRig(init, plugin);
  }

  /** A volume of a new pod, as the kubelet prepares it: everything is there but `mount`. */
  newVolume(): PodVolume {
    const volume = podVolume(this.plugin.kubeletDir, randomUUID(), "store");
    mkdirSync(volume.volumeDir, { recursive: true, mode: 0o750 });
    return volume;
  }

  /** Milliseconds until the volume is published; asks again at once while the plugin says that it still fetches. */
  async publish(volume: PodVolume, root: StorePath): Promise<number> {
    const startedAtMs = performance.now();
    const elapsedMs = (): number => performance.now() - startedAtMs;
    const { volumeId, targetPath } = volume;
    const request = { volumeId, targetPath, attributes: { storePath: root, ...podAttributes(volume) } };
    let outcome: RpcOutcome;
    do {
      outcome = await this.plugin.client.publish(request, { deadlineMs: PUBLISH_DEADLINE_MS });
    } while (isStillWorking(outcome) && elapsedMs() < PUBLISH_DEADLINE_MS);
    const durationMs = elapsedMs();
    this.#expectOk("publish", outcome);
    return durationMs;
  }

  async unpublish(volume: PodVolume): Promise<void> {
    const outcome = await this.plugin.client.unpublish(volume.volumeId, volume.targetPath);
    this.#expectOk("unpublish", outcome);
    rmSync(join(this.plugin.kubeletDir, "pods", volume.podUid), { recursive: true });
  }

  /** Publishes and unpublishes one volume. @returns milliseconds of the publish */
  async publishOnce(root: StorePath): Promise<number> {
    const volume = this.newVolume();
    const durationMs = await this.publish(volume, root);
    await this.unpublish(volume);
    return durationMs;
  }

  /** Where the time of the first publish went, in milliseconds, as the plugin's audit record tells. */
  publishPhasesMs(): ReadonlyMap<string, number> {
    const durations = this.plugin.logs.records.find((record) => record["event"] === "publish")?.["durationsMs"];
    return new Map(Object.entries({ ...(typeof durations === "object" ? durations : {}) }));
  }

  async metrics(): Promise<string> {
    const response = await fetch(`${this.plugin.healthUrl}/metrics`);
    return response.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plugin.kill("SIGTERM");
    await this.plugin[Symbol.asyncDispose]();
    await detachMountsBelow(this.#init.baseDir);
  }

  #expectOk(what: string, outcome: RpcOutcome): void {
    if (outcome.code === "OK") return;
    throw new Error(`${what} answered ${outcome.code}: ${outcome.message}\n${this.plugin.logs.tail(10)}`);
  }
}

/** The plugin waits for seconds before it answers so; a quick UNAVAILABLE is a failure. */
function isStillWorking(outcome: RpcOutcome): boolean {
  return outcome.code === "UNAVAILABLE" && outcome.durationMs > SHORTEST_WAIT_MS;
}

/** What `podInfoOnMount` adds. */
function podAttributes(volume: PodVolume): Readonly<Record<string, string>> {
  return {
    "csi.storage.k8s.io/pod.name": "bench",
    "csi.storage.k8s.io/pod.namespace": "default",
    "csi.storage.k8s.io/pod.uid": volume.podUid,
    "csi.storage.k8s.io/serviceAccount.name": "default",
    "csi.storage.k8s.io/ephemeral": "true",
  };
}
