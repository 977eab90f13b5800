import { setTimeout as sleep } from "node:timers/promises";
import type { PodVolume, RpcOutcome, SeededRandom, TestClosure, TestNode } from "@niphas/testing";

interface CrashRigInit {
  readonly lanes: number;
  readonly random: SeededRandom;
}

type Operation = "publish" | "unpublish";

/** What is known of one volume: what was last answered OK, and what the kill interrupted. */
interface VolumeStatus {
  readonly volume: PodVolume;
  readonly closure: TestClosure;
  isPublished: boolean;
  interrupted: Operation | undefined;
}

const WARM_CLOSURES = 3;
const COLD_CLOSURES = 5;
const TREE_PERCENT = 30;
const BURST_SIZE = 2;
const MAX_BURST_MS = 12;

/** Publishes and unpublishes in several lanes at once until the plugin is killed, then judges what is left. */
export class CrashRig {
  readonly #node: TestNode;
  readonly #closures: readonly TestClosure[];
  readonly #init: CrashRigInit;
  readonly #volumes = new Map<string, VolumeStatus>();
  readonly #counts = { publish: 0, unpublish: 0 };

  private constructor(node: TestNode, closures: readonly TestClosure[], init: CrashRigInit) {
    this.#node = node;
    this.#closures = closures;
    this.#init = init;
  }

  static async create(node: TestNode, init: CrashRigInit): Promise<CrashRig> {
    const closures: TestClosure[] = [];
    for (let index = 0; index < WARM_CLOSURES; index++) {
      closures.push(await node.addLocal({ name: `warm-${index}`, pathCount: 4, fileCount: 40 }));
    }
    for (let index = 0; index < COLD_CLOSURES; index++) {
      closures.push(await node.addUpstream({ name: `cold-${index}`, pathCount: 4, fileCount: 40 }));
    }
    // Collected between kills, the warm ones come back from the cache as well.
    for (let index = 0; index < WARM_CLOSURES; index++) {
      await node.addUpstream({ name: `warm-${index}`, pathCount: 4, fileCount: 40 });
    }
    return new CrashRig(node, closures, init);
  }

  /**
   * Lanes are mostly found in publishes; so all that is published begins to go, and a few milliseconds later comes the kill.
   * @returns how many calls were interrupted
   */
  async killWhileWorking(afterMs: number): Promise<number> {
    await this.#fillUp();
    const stop = new AbortController();
    const lanes = Array.from({ length: this.#init.lanes }, async () => this.#work(stop.signal));
    await sleep(afterMs);
    const burst = this.#published().map(async (status) => this.#step(status));
    await sleep(this.#init.random.below(MAX_BURST_MS));
    stop.abort();
    await this.#node.plugin.kill("SIGKILL");
    await Promise.all([...lanes, ...burst]);
    const interrupted = [...this.#volumes.values()].filter((status) => status.interrupted !== undefined);
    for (const { interrupted: operation } of interrupted) if (operation !== undefined) this.#counts[operation]++;
    return interrupted.length;
  }

  /** Whatever a restarted plugin has not brought in line. */
  problems(): readonly string[] {
    const audit = this.#node.audit();
    const mounted = new Set(audit.podMounts);
    const problems = [
      ...this.#wrongVolumes(mounted),
      ...audit.helperProcesses.map((process) => `process left: ${process}`),
      ...audit.otherViewEntries.map((entry) => `half-made view: ${entry}`),
      ...audit.targetDirs.filter((dir) => !mounted.has(dir)).map((dir) => `target without a mount: ${dir}`),
    ];
    if (mounted.size !== audit.podMounts.length) problems.push("mounts are stacked");
    if (new Set(audit.stateMounts).size !== audit.stateMounts.length) problems.push("views are mounted twice");
    const owners = [...this.#volumes.values()]
      .filter(({ volume }) => mounted.has(volume.targetPath))
      .map(({ volume }) => volume.volumeId);
    if (owners.sort().join() !== audit.rootOwners.join())
      problems.push(`roots ${audit.rootOwners.length}, mounts ${owners.length}`);
    return problems;
  }

  /** What the kubelet would do: calls that were interrupted are made again, or taken back. */
  async finishInterrupted(): Promise<readonly string[]> {
    const problems = await Promise.all([...this.#volumes.values()].map(async (status) => this.#finish(status)));
    const shown = [...this.#volumes.values()].flatMap((status) => status.closure.paths);
    const invalid = await this.#node.store.invalidPaths([...new Set(shown)]);
    return [...problems.flat(), ...invalid.map((path) => `published, but not valid: ${path}`)];
  }

  async unpublishAll(): Promise<readonly string[]> {
    const outcomes = await Promise.all(
      [...this.#volumes.values()].map(async (status) => this.#call("unpublish", status)),
    );
    return outcomes.filter((outcome) => outcome.code !== "OK").map((outcome) => outcome.message);
  }

  summary(): string {
    return `${this.#counts.publish} publishes, ${this.#counts.unpublish} unpublishes`;
  }

  #wrongVolumes(mounted: ReadonlySet<string>): readonly string[] {
    return [...this.#volumes.values()].flatMap((status) => {
      if (status.interrupted !== undefined) return [];
      const isMounted = mounted.has(status.volume.targetPath);
      if (isMounted === status.isPublished) return [];
      return [`${status.volume.volumeId} was ${status.isPublished ? "" : "un"}published, mounted: ${isMounted}`];
    });
  }

  async #work(stop: AbortSignal): Promise<void> {
    while (!stop.aborted && (await this.#step(this.#newVolume())));
  }

  /** Publishes until there is something to unpublish. */
  async #fillUp(): Promise<void> {
    const missing = Math.max(0, BURST_SIZE - this.#published().length);
    await Promise.all(Array.from({ length: missing }, async () => this.#step(this.#newVolume())));
  }

  async #finish(status: VolumeStatus): Promise<readonly string[]> {
    const { interrupted, volume, closure } = status;
    if (interrupted === undefined) return [];
    const operation = this.#init.random.below(2) === 0 ? interrupted : "unpublish";
    const outcome = await this.#call(operation, status);
    if (outcome.code !== "OK") return [`${operation} after ${interrupted}: ${outcome.code} ${outcome.message}`];
    status.interrupted = undefined;
    status.isPublished = operation === "publish";
    if (status.isPublished) return this.#node.unreadablePathsOf(volume, closure);
    this.#volumes.delete(volume.volumeId);
    return [];
  }

  #published(): readonly VolumeStatus[] {
    return [...this.#volumes.values()].filter((status) => status.isPublished && status.interrupted === undefined);
  }

  /** One call on a volume that no other works on. @returns whether it was answered with OK */
  async #step(status: VolumeStatus): Promise<boolean> {
    const operation = status.isPublished ? "unpublish" : "publish";
    status.interrupted = operation;
    const outcome = await this.#call(operation, status);
    if (outcome.code !== "OK") return false;
    status.interrupted = undefined;
    status.isPublished = operation === "publish";
    if (operation === "unpublish") this.#volumes.delete(status.volume.volumeId);
    return true;
  }

  #newVolume(): VolumeStatus {
    const { random } = this.#init;
    const closure = this.#closures[random.below(this.#closures.length)];
    if (closure === undefined) throw new Error("no closure");
    const volume = this.#node.volume();
    const status = { volume, closure, isPublished: false, interrupted: undefined };
    this.#volumes.set(volume.volumeId, status);
    return status;
  }

  async #call(operation: Operation, { volume, closure }: VolumeStatus): Promise<RpcOutcome> {
    if (operation === "unpublish") return this.#node.unpublish(volume);
    const view = Number.parseInt(volume.volumeId.slice(4, 8), 16) % 100 < TREE_PERCENT ? "tree" : "auto";
    return this.#node.publish(volume, { storePath: closure.root, view });
  }
}
