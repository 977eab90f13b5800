import { describe, expect, it } from "vitest";
import { runWorkers } from "./worker-group.ts";

/** A worker file from text. */
function file(code: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

const live = (): AbortSignal => AbortSignal.timeout(30_000);

describe("runWorkers", () => {
  it("delivers every message before it resolves", async () => {
    const code = `import { parentPort, workerData } from "node:worker_threads";
      for (let index = 0; index < workerData; index++) parentPort.postMessage(index);`;
    const messages: unknown[] = [];
    const init = { file: file(code), count: 3, workerData: 500, onMessage: (each: unknown) => messages.push(each) };
    await runWorkers(init, live());
    expect(messages).toHaveLength(1500);
  });

  it("stops all others when one fails, and gives its error with its code", async () => {
    const code = `import { workerData } from "node:worker_threads";
      if (Atomics.add(new Int32Array(workerData), 0, 1) > 0) for (;;);
      throw Object.assign(new Error("full"), { code: "ENOSPC" });`;
    const running = runWorkers({ file: file(code), count: 2, workerData: new SharedArrayBuffer(4) }, live());
    await expect(running).rejects.toMatchObject({ message: "full", code: "ENOSPC" });
  });

  it("stops workers that are busy when it is cancelled", async () => {
    const cancelled = new AbortController();
    const code = `import { parentPort } from "node:worker_threads"; parentPort.postMessage("busy"); for (;;);`;
    const init = { file: file(code), count: 1, workerData: undefined, onMessage: () => cancelled.abort() };
    await expect(runWorkers(init, cancelled.signal)).rejects.toMatchObject({ code: "Cancelled" });
  });

  it("stops a worker that waits for its turn to send", async () => {
    const cancelled = new AbortController();
    const code = `import { parentPort } from "node:worker_threads"; parentPort.postMessage("waiting");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;
    const init = { file: file(code), count: 1, workerData: undefined, onMessage: () => cancelled.abort() };
    await expect(runWorkers(init, cancelled.signal)).rejects.toMatchObject({ code: "Cancelled" });
  });

  it("starts nothing when it is cancelled already", async () => {
    const init = { file: file("never"), count: 1, workerData: undefined };
    await expect(runWorkers(init, AbortSignal.abort())).rejects.toMatchObject({ code: "Cancelled" });
  });
});
