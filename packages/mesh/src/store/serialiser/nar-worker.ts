/** The thread that reads store paths: file system calls may wait for a disk, and the event loop must not. */
import { parentPort } from "node:worker_threads";
import { NarListing, NarPlan, NarPlanDraft } from "@niphas/core";
import { readChunks } from "./read-range.ts";
import { measureFiles, walkTree } from "./tree-walk.ts";
import { toFailure, type WorkerAnswer, type WorkerRequest } from "./worker-messages.ts";

parentPort?.on("message", (request: WorkerRequest | "end") => {
  if (request === "end") return parentPort?.close();
  try {
    answer(request);
  } catch (error) {
    post(toFailure(request.id, error));
  }
});

function answer(request: WorkerRequest): void {
  const { id } = request;
  switch (request.kind) {
    case "walk":
      post({ kind: "draft", id, draft: walkTree(request.root).buffer });
      break;
    case "measure":
      measure(request);
      post({ kind: "done", id });
      break;
    case "list":
      post({ kind: "listing", id, listing: list(new NarPlan(request.plan)) });
      break;
    case "read":
      postChunks(id, readChunks(request.root, new NarPlan(request.plan), request.range));
      break;
  }
}

function measure(request: Extract<WorkerRequest, { readonly kind: "measure" }>): void {
  const draft = new NarPlanDraft(request.draft);
  measureFiles(request.root, draft, request.start, request.end);
  if (Atomics.sub(new Int32Array(request.stepsLeft), 0, 1) === 1) draft.finish();
}

function list(plan: NarPlan): string | undefined {
  const listing = new NarListing();
  for (const entry of plan.entries()) listing.add(entry);
  return listing.finish();
}

function post(message: WorkerAnswer): void {
  parentPort?.postMessage(message);
}

/** Gives them away without a copy. */
function postChunks(id: number, chunks: readonly Uint8Array<ArrayBuffer>[]): void {
  const message: WorkerAnswer = { kind: "bytes", id, chunks };
  const buffers = chunks.map((chunk) => chunk.buffer);
  parentPort?.postMessage(message, buffers);
}
