import { Worker } from "node:worker_threads";
import { NiphasError } from "@niphas/core";

export interface WorkerGroupInit {
  readonly file: URL;
  readonly count: number;
  /** The same for each worker; they share work through a SharedArrayBuffer in it. */
  readonly workerData: unknown;
  readonly onMessage?: (message: unknown) => void;
}

/**
 * Runs workers until each has ended by itself. When one fails or the signal
 * aborts, all are stopped. In every case no thread is left when this settles,
 * and all messages have been delivered. Worker files should import little: every worker parses all of it.
 * @throws NiphasError Cancelled; else the first worker's error
 */
export async function runWorkers(init: WorkerGroupInit, signal: AbortSignal): Promise<void> {
  throwIfCancelled(signal);
  // The environment and flags of the main thread (a test runner's loader, say) are no business of the worker.
  const options = { workerData: init.workerData, env: {}, execArgv: [] };
  const workers = Array.from({ length: init.count }, () => new Worker(init.file, options));
  const stopAll = (): void => {
    for (const worker of workers) void worker.terminate();
  };
  signal.addEventListener("abort", stopAll, { once: true });
  try {
    const ends = workers.map((worker) => ended(worker, init.onMessage).catch(stopAllAndRethrow(stopAll)));
    await settleAll(ends, signal);
  } finally {
    signal.removeEventListener("abort", stopAll);
  }
}

function ended(worker: Worker, onMessage: WorkerGroupInit["onMessage"]): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    worker.on("message", (message) => onMessage?.(message));
    worker.on("error", (error) => {
      failure ??= error;
    });
    worker.on("exit", (code) => {
      if (failure === undefined && code === 0) resolve();
      else reject(failure ?? new NiphasError("Internal", "a worker thread ended too early"));
    });
  });
}

function stopAllAndRethrow(stopAll: () => void): (error: unknown) => never {
  return (error) => {
    stopAll();
    throw error;
  };
}

async function settleAll(ends: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
  const failures: unknown[] = [];
  const note = (error: unknown): void => {
    failures.push(error);
  };
  await Promise.all(ends.map((end) => end.catch(note)));
  throwIfCancelled(signal);
  if (failures.length > 0) throw failures[0];
}

/** @throws NiphasError Cancelled when the signal has aborted */
export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new NiphasError("Cancelled", "the work was cancelled", { cause: signal.reason });
}
