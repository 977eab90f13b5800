import { NiphasError, toNiphasError } from "@niphas/core";
import type { RpcContext } from "../server/rpc.ts";
import type { PublishComponents, PublishInit } from "./components.ts";
import { type NodeUnpublishVolumeRequest, parseVolumeTarget, type VolumeTarget } from "./request.ts";

/**
 * NodeUnpublishVolume: the exact reverse of a publish, with nothing but id and path. What is not there is not missed:
 * for inline volumes NOT_FOUND would make the kubelet retry for ever (kubernetes/kubernetes#90752).
 */
export class UnpublishVolume {
  readonly #components: PublishComponents;
  readonly #init: Pick<PublishInit, "kubeletDir">;

  constructor(components: PublishComponents, init: Pick<PublishInit, "kubeletDir">) {
    this.#components = components;
    this.#init = init;
  }

  /** Ends a publish of the volume that is under way. @throws NiphasError InvalidRequest, MountFailed */
  async unpublish(wire: NodeUnpublishVolumeRequest, context: RpcContext): Promise<void> {
    const { running, work, locks } = this.#components;
    const target = parseVolumeTarget(wire, this.#init.kubeletDir);
    running.abort(target.volumeId, () => new NiphasError("Cancelled", "the volume is being unpublished"));
    const workEnded = work.leave(target.volumeId);
    await locks.run(target.volumeId, context.signal, async () => {
      await workEnded;
      // The publish that was under way may have begun more before it heard of its end.
      await work.leave(target.volumeId);
      this.#remove(target);
    });
  }

  #remove(target: VolumeTarget): void {
    const { remover, views } = this.#components;
    const viewKey = remover.detach(target);
    if (viewKey !== undefined) views.touch(viewKey);
    this.#forget(target);
  }

  /** On a full or read-only state disk the pod may still go: roots without a mount harm nobody, the janitor takes them. */
  #forget(target: VolumeTarget): void {
    try {
      this.#components.remover.forget(target);
    } catch (cause) {
      const error = toNiphasError(cause);
      if (error.kind !== "exhausted" && error.kind !== "unavailable") throw error;
      const fields = { volumeId: target.volumeId, code: error.code };
      this.#components.logger.warn(fields, "unpublished, but its roots could not be removed yet");
    }
  }
}
