import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { StreamHandler } from "@niphas/mesh";

export type Stream = Parameters<StreamHandler>[0];

const DRAIN_MS = 5;

/** Waits while the other side takes nothing, so that this process stays able to work. */
export async function send(stream: Stream, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  await turn();
  while (stream.writableNeedsDrain) await sleep(DRAIN_MS, undefined, { signal });
  signal.throwIfAborted();
  stream.send(bytes);
}

/** Until the other side has gone. */
export async function forEver(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
}
