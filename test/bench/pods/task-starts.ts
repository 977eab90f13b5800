import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { waitUntil } from "@niphas/testing";
import type { ClusterNode } from "../../cluster/index.ts";

const LINE = /^(\S+ \S+) \+0000 UTC \S+ \/tasks\/start (\{.*\})/;
const TIMEOUT_MS = 300_000;

/**
 * When containers were started, as containerd itself notes it to the nanosecond. The times in a pod's status have whole
 * seconds, and the kubelet looks at its containers only once a second.
 */
export class TaskStarts implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #startedAtMs = new Map<string, number>();

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async watch(node: ClusterNode): Promise<TaskStarts> {
    const [program = "", ...args] = node.command(["ctr", "--namespace", "k8s.io", "events"]);
    const child = spawn(program, args, { env: node.environment, stdio: ["ignore", "pipe", "inherit"] });
    const starts = new TaskStarts(child);
    createInterface({ input: child.stdout }).on("line", (line) => starts.#read(line));
    await once(child, "spawn");
    return starts;
  }

  /** Containers and sandboxes that were started since the beginning. */
  get count(): number {
    return this.#startedAtMs.size;
  }

  async untilCount(count: number, signal: AbortSignal): Promise<void> {
    const isReached = (): boolean => this.count >= count || signal.aborted;
    await waitUntil(`${count} containers to be started`, isReached, { timeoutMs: TIMEOUT_MS, intervalMs: 20 });
    signal.throwIfAborted();
  }

  /** Milliseconds since the epoch. @throws when nothing was heard of the container */
  startOf(containerId: string): number {
    const startedAtMs = this.#startedAtMs.get(containerId);
    if (startedAtMs === undefined) throw new Error(`containerd has not told of the start of ${containerId}`);
    return startedAtMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }

  #read(line: string): void {
    const [, time = "", json = ""] = LINE.exec(line) ?? [];
    if (json === "") return;
    const event: unknown = JSON.parse(json);
    if (typeof event !== "object" || event === null || !("container_id" in event)) return;
    this.#startedAtMs.set(String(event.container_id), epochMs(time));
  }
}

/** Of `2030-01-02 03:04:05.123456789`. */
export function epochMs(time: string): number {
  const [seconds = "", fraction = "0"] = time.split(".");
  return Date.parse(`${seconds.replace(" ", "T")}Z`) + Number(`0.${fraction}`) * 1000;
}
