import { type StorePath, systemErrorCode } from "@niphas/core";
import { connectToSocket } from "./connection.ts";

/** `acknowledged` counts the paths, in order, that the collector promised to keep. */
export type AnnounceOutcome =
  | { readonly state: "acknowledged" }
  | { readonly state: "noCollector" }
  | { readonly state: "disconnected"; readonly acknowledged: number };

/** What connect(2) says when no collector listens: no socket, or one that its dead owner left. */
const NO_COLLECTOR_CODES: readonly (string | undefined)[] = ["ENOENT", "ECONNREFUSED"];

/**
 * One conversation with a collector: each path is a line, each answer one byte
 * "1", which may take as long as the deletion of that very path.
 * Source: libstore/gc.cc `LocalStore::collectGarbage`, `addTempRoot`; the same in 2.8 and 2.34.
 * @throws the signal's reason
 */
export async function announceOnce(
  socketPath: string,
  paths: readonly StorePath[],
  signal: AbortSignal,
): Promise<AnnounceOutcome> {
  signal.throwIfAborted();
  const socket = connectToSocket(socketPath);
  const abort = (): void => void socket.destroy();
  signal.addEventListener("abort", abort, { once: true });
  let acknowledged = 0;
  let failure: unknown;
  socket.on("error", (error) => {
    failure = error;
  });
  socket.on("data", (chunk: Buffer) => {
    acknowledged += chunk.length;
    if (acknowledged >= paths.length) socket.destroy();
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(paths.map((path) => `${path}\n`).join(""));
  try {
    await closed;
  } finally {
    signal.removeEventListener("abort", abort);
  }
  if (acknowledged >= paths.length) return { state: "acknowledged" };
  signal.throwIfAborted();
  if (NO_COLLECTOR_CODES.includes(systemErrorCode(failure))) return { state: "noCollector" };
  return { state: "disconnected", acknowledged };
}
