import { chmod, open } from "node:fs/promises";
import { storePathBaseName } from "@niphas/core";
import { type ViewContents, viewContents } from "../contents/view-contents.ts";
import type { ViewPlan } from "../ports.ts";
import { type RunningTool, startTool } from "../tools/tool.ts";
import { createWorkQueue, noteSent } from "../workers/work-queue.ts";
import { workerFile } from "../workers/worker-files.ts";
import { runWorkers } from "../workers/worker-group.ts";
import { directoryLine, escapeDumpField, symlinkLine } from "./dump-lines.ts";
import type { DumpWorkerData } from "./dump-worker.ts";

export interface ImageMakerInit {
  /** The program mkcomposefs; a name is looked up on PATH. @default "mkcomposefs" */
  readonly mkcomposefs?: string;
  /** Threads that walk the closure while the image is being made. @default 2 */
  readonly workerCount?: number;
}

const DEFAULT_WORKER_COUNT = 2;
const DEADLINE_MS = 10 * 60_000;
const IMAGE_MODE = 0o444;

/**
 * Makes the composefs image of a view: names, sizes and modes of everything in
 * it. The bytes stay in the store. Walking and image making overlap.
 */
export class ImageMaker {
  readonly #mkcomposefs: string;
  readonly #workerCount: number;

  constructor(init: ImageMakerInit) {
    this.#mkcomposefs = init.mkcomposefs ?? "mkcomposefs";
    this.#workerCount = init.workerCount ?? DEFAULT_WORKER_COUNT;
  }

  /** The image is on the disk when this returns. @throws NiphasError ViewUnavailable, DiskFull, Cancelled; system errors of the walk */
  async make(plan: ViewPlan, imageFile: string, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const args = ["--from-file", "--", "-", imageFile];
    const tool = startTool(this.#mkcomposefs, args, { signal: either, deadlineMs: DEADLINE_MS });
    const stopOther = (error: unknown): never => {
      stop.abort();
      throw error;
    };
    const walk = this.#walk(plan, tool, either);
    const results = await Promise.allSettled([walk.catch(stopOther), tool.ended.catch(stopOther)]);
    throwFirstCause(results, signal);
    await makeDurable(imageFile);
  }

  async #walk(plan: ViewPlan, tool: RunningTool, signal: AbortSignal): Promise<void> {
    const contents = viewContents(plan);
    tool.stdin.write(headerLines(contents, plan.closure.length), "latin1");
    const workerData: DumpWorkerData = {
      physicalStoreDir: plan.physicalStoreDir,
      imageDir: contents.storeDir,
      baseNames: plan.closure.map((info) => storePathBaseName(info.path)),
      queue: createWorkQueue(),
    };
    const onMessage = (text: unknown): void => {
      if (typeof text === "string") tool.stdin.write(text, "latin1", () => noteSent(workerData.queue));
    };
    await runWorkers({ file: workerFile("dump-worker"), count: this.#workerCount, workerData, onMessage }, signal);
    tool.stdin.end();
  }
}

/** Directories before what is in them, as the format wants it. */
function headerLines(contents: ViewContents, pathCount: number): string {
  const directories = ["", ...contents.directories];
  const children = (parent: string): number =>
    directories.filter((path) => path !== "" && parentOf(path) === parent).length;
  const lines = directories.map((path) => {
    const storePaths = path === contents.storeDir ? pathCount : 0;
    return directoryLine(escapeDumpField(path), children(path) + storePaths);
  });
  return [...lines, ...contents.links.map((link) => symlinkLine(escapeDumpField(link.path), link.target))].join("");
}

function parentOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

/** When one side fails the other is stopped, and its "cancelled" says nothing. */
function throwFirstCause(results: readonly PromiseSettledResult<void>[], signal: AbortSignal): void {
  const reasons = results.filter((each) => each.status === "rejected").map((each): unknown => each.reason);
  const cause = reasons.find((reason) => signal.aborted || !isCancelled(reason)) ?? reasons[0];
  if (cause !== undefined) throw cause;
}

function isCancelled(reason: unknown): boolean {
  return reason instanceof Error && "code" in reason && reason.code === "Cancelled";
}

async function makeDurable(imageFile: string): Promise<void> {
  await chmod(imageFile, IMAGE_MODE);
  const handle = await open(imageFile, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
