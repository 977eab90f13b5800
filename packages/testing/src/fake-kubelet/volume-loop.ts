import { setTimeout as sleep } from "node:timers/promises";
import type { PublishRequest } from "../csi/csi-client.ts";
import { BackOff } from "./back-off.ts";
import type { PodEvents } from "./pod-events.ts";
import type { PodVolume } from "./pod-volume.ts";
import type { Attempt, VolumeOperator, VolumeState } from "./volume-operator.ts";

export interface VolumeLoopComponents {
  readonly operator: VolumeOperator;
  readonly events: PodEvents;
}

export interface VolumeLoopInit {
  readonly volume: PodVolume;
  readonly request: Omit<PublishRequest, "volumeId" | "targetPath">;
  /** `uncertain` after reconstruction. @default "notMounted" */
  readonly state?: VolumeState;
  readonly timeScale: number;
}

/** Drives one volume towards what is wanted, one operation at a time, with the kubelet's back-off. */
export class VolumeLoop {
  state: VolumeState;
  /** True when no operation runs or will ever run: the volume is gone, or the loop was stopped. */
  isFinished = false;
  readonly volume: PodVolume;
  #wanted: "mounted" | "gone" = "mounted";
  readonly #components: VolumeLoopComponents;
  readonly #init: VolumeLoopInit;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #finished: Promise<void> = Promise.resolve();

  constructor(components: VolumeLoopComponents, init: VolumeLoopInit) {
    this.#components = components;
    this.#init = init;
    this.volume = init.volume;
    this.state = init.state ?? "notMounted";
  }

  start(): void {
    this.#finished = this.#run().finally(() => {
      this.isFinished = true;
    });
  }

  /** From now on the volume has to go. A running operation is not interrupted, a wait is. */
  unwant(): void {
    this.#wanted = "gone";
    this.#wake.abort();
  }

  /** Forgets everything, as a kubelet that dies: a running RPC ends unheard. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#finished;
  }

  /** One more publish of a mounted volume, as with `requiresRepublish`. */
  async republish(): Promise<Attempt> {
    return this.#components.operator.setUp(this.volume, this.state, this.#init.request, this.#stop.signal);
  }

  async #run(): Promise<void> {
    const backOff = new BackOff(this.#init.timeScale);
    while (!this.#stop.signal.aborted) {
      const operation = this.#nextOperation();
      if (operation === undefined) {
        if (this.#wanted === "gone") return;
        await this.#pause(undefined);
        continue;
      }
      const attempt = await this.#attempt(operation);
      if (this.#stop.signal.aborted) return;
      this.state = attempt.state;
      this.#report(operation, attempt);
      if (attempt.error === undefined) backOff.reset();
      else if (this.#nextOperation() === operation) await this.#pause(backOff.nextDelayMs(operation));
    }
  }

  #nextOperation(): "setUp" | "tearDown" | undefined {
    if (this.#wanted === "mounted") return this.state === "mounted" ? undefined : "setUp";
    return this.state === "notMounted" ? undefined : "tearDown";
  }

  async #attempt(operation: "setUp" | "tearDown"): Promise<Attempt> {
    const { operator } = this.#components;
    if (operation === "setUp") return operator.setUp(this.volume, this.state, this.#init.request, this.#stop.signal);
    return operator.tearDown(this.volume, this.state, this.#stop.signal);
  }

  #report(operation: "setUp" | "tearDown", attempt: Attempt): void {
    const { podUid, volumeName } = this.volume;
    if (attempt.error !== undefined) {
      const [reason, verb] =
        operation === "setUp"
          ? (["FailedMount", "MountVolume.SetUp"] as const)
          : (["FailedUnMount", "UnmountVolume.TearDown"] as const);
      this.#components.events.add(podUid, reason, `${verb} failed for volume "${volumeName}" : ${attempt.error}`);
    } else if (operation === "setUp") {
      this.#components.events.add(
        podUid,
        "SuccessfulMountVolume",
        `MountVolume.SetUp succeeded for volume "${volumeName}"`,
      );
    }
  }

  /** Waits for `delayMs`, or for ever, or until something changes. */
  async #pause(delayMs: number | undefined): Promise<void> {
    this.#wake = new AbortController();
    if (this.#stop.signal.aborted) return;
    const { signal } = this.#wake;
    await sleep(delayMs ?? 2 ** 30, undefined, { signal }).catch(() => undefined);
  }
}
