import type { NiphasError, VolumeId } from "@niphas/core";
import type { RpcContext } from "../server/rpc.ts";

/** The publish calls under way, by volume, so that an unpublish can end those that came before it. */
export class RunningPublishes {
  readonly #calls = new Map<VolumeId, Set<RpcContext>>();

  async run<T>(volumeId: VolumeId, context: RpcContext, work: () => Promise<T>): Promise<T> {
    const calls = this.#calls.get(volumeId) ?? new Set();
    this.#calls.set(volumeId, calls.add(context));
    try {
      return await work();
    } finally {
      calls.delete(context);
      if (calls.size === 0) this.#calls.delete(volumeId);
    }
  }

  has(volumeId: VolumeId): boolean {
    return this.#calls.has(volumeId);
  }

  abort(volumeId: VolumeId, reason: () => NiphasError): void {
    for (const context of this.#calls.get(volumeId) ?? []) context.abort(reason());
  }
}
