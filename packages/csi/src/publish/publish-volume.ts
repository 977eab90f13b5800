import { isNiphasError, NiphasError, toNiphasError } from "@niphas/core";
import { WaitBudget } from "../background/wait-budget.ts";
import type { RpcContext } from "../server/rpc.ts";
import { auditPublish } from "./audit.ts";
import { ClosureFetch } from "./closure-fetch.ts";
import type { PublishComponents, PublishInit } from "./components.ts";
import { PhaseTimer } from "./phase-timer.ts";
import { PublishFailure } from "./publish-failure.ts";
import { ReadyView } from "./ready-view.ts";
import {
  type NodePublishVolumeRequest,
  type PublishRequest,
  parsePublishRequest,
  parseVolumeTarget,
  type VolumeTarget,
} from "./request.ts";
import { RootedClosure } from "./rooted-closure.ts";
import { ServingMount } from "./serving-mount.ts";
import { ViewMount } from "./view-mount.ts";

/** NodePublishVolume: gives a pod the view of its closure. Each phase is a file of its own beside this one. */
export class PublishVolume {
  readonly #components: PublishComponents;
  readonly #init: PublishInit;
  readonly #servingMount: ServingMount;
  readonly #closure: RootedClosure;
  readonly #view: ReadyView;
  readonly #mount: ViewMount;
  readonly #failure: PublishFailure;

  constructor(components: PublishComponents, init: PublishInit) {
    this.#components = components;
    this.#init = init;
    this.#servingMount = new ServingMount(components);
    this.#closure = new RootedClosure({ ...components, fetch: new ClosureFetch(components) });
    this.#view = new ReadyView(components);
    this.#mount = new ViewMount(components);
    this.#failure = new PublishFailure(components);
  }

  /** @throws NiphasError; final codes only when nothing of the volume is left, VolumeConflict excepted */
  async publish(wire: NodePublishVolumeRequest, context: RpcContext): Promise<void> {
    const { running, locks } = this.#components;
    const target = parseVolumeTarget(wire, this.#init.kubeletDir);
    const timer = new PhaseTimer(this.#components);
    const budget = this.#budgetOf(target, context);
    await running.run(target.volumeId, context, async () =>
      locks.run(target.volumeId, context.signal, async () => this.#publishAlone(wire, target, { budget, timer })),
    );
  }

  async #publishAlone(wire: NodePublishVolumeRequest, target: VolumeTarget, call: PublishCall): Promise<void> {
    const request = await this.#undoing(target, () => call.timer.sync("parse", () => this.#parse(wire, target)));
    if (this.#isServing(request)) return;
    await this.#undoing(target, async () => this.#prepareAndMount(request, call));
    void this.#components.work.leave(target.volumeId);
  }

  #parse(wire: NodePublishVolumeRequest, target: VolumeTarget): PublishRequest {
    const request = parsePublishRequest(wire, target, this.#init.system);
    this.#components.targets.assertUsable(target.targetPath);
    return request;
  }

  /** Not undone when it fails, since the volume may be mounted and in use: so no final code may leave it either. */
  #isServing(request: PublishRequest): boolean {
    try {
      return this.#servingMount.isServing(request);
    } catch (cause) {
      if (isNiphasError(cause) && cause.code === "VolumeConflict") throw cause;
      const message = "it cannot be told whether the volume is mounted; retry later";
      throw new NiphasError("VolumeBusy", message, { cause });
    }
  }

  async #prepareAndMount(request: PublishRequest, { budget, timer }: PublishCall): Promise<void> {
    const { policy, trust, boot, logger, observer } = this.#components;
    const { roots } = request.volume;
    const verdict = timer.sync("policy", () => policy.check({ pod: request.pod, roots }));
    const { rule, allowContentAddressedRoots } = verdict;
    const path = await this.#closure.hold(request, budget, timer);
    const { signal } = budget;
    timer.sync("trust", () => boot.assertNotDistrusted(roots));
    // Side by side, since a first view takes most of a second; but nothing is mounted before the closure is trusted.
    const [view] = await Promise.all([
      timer.run("view", async () => this.#view.find(request, budget)),
      timer.run("trust", async () => trust.assertTrusted(roots, { allowContentAddressedRoots, signal })),
    ]);
    signal.throwIfAborted();
    timer.sync("mount", () => this.#mount.make(request, view));
    observer.published(path, timer);
    auditPublish(logger, request, { view, path, rule, timer });
  }

  async #undoing<T>(target: VolumeTarget, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (toNiphasError(error).kind === "exhausted") this.#components.observer.diskExhausted();
      throw await this.#failure.settle(target, error);
    }
  }

  #budgetOf({ volumeId }: VolumeTarget, context: RpcContext): WaitBudget {
    const { maxWaitMs } = this.#init;
    return new WaitBudget(this.#components, { volumeId, maxWaitMs, signal: context.signal });
  }
}

interface PublishCall {
  readonly budget: WaitBudget;
  readonly timer: PhaseTimer;
}
