import { availableParallelism } from "node:os";
import { byteString, NarPlan, NarPlanDraft, NiphasError } from "@niphas/core";
import type { ByteRange } from "../../ports.ts";
import { giveAway } from "../free-bytes.ts";
import { type NarQuestion, NarThread } from "./nar-thread.ts";
import type { WorkerAnswer } from "./worker-messages.ts";

/** A thread that waits for a disk holds up nobody but those behind it; each takes about 5 MiB. */
const MAX_THREADS = 4;
const MIN_THREADS = 2;
/** Looked up at once, about 5 ms: all threads take part, and readers of other paths come in between. */
const MEASURED_ENTRIES = 2000;

/** Reads trees in worker threads, which are started when they are needed first. Keeps nothing between two calls. */
export class NarThreads implements AsyncDisposable {
  readonly #threads: NarThread[] = [];
  readonly #maxCount = Math.max(MIN_THREADS, Math.min(MAX_THREADS, availableParallelism()));
  #isDisposed = false;

  /** @throws NiphasError BadBytes when the tree is gone or has no NAR, StoreUnavailable */
  async walk(root: string): Promise<NarPlan> {
    const bytes = byteString(Buffer.from(root));
    const answer = await this.#ask({ kind: "walk", root: bytes });
    if (answer.kind !== "draft") throw unexpected();
    const { draft } = answer;
    const { entryCount } = new NarPlanDraft(draft);
    const stepsLeft = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    new Int32Array(stepsLeft)[0] = Math.ceil(entryCount / MEASURED_ENTRIES);
    const steps: Promise<WorkerAnswer>[] = [];
    for (let start = 0; start < entryCount; start += MEASURED_ENTRIES) {
      const end = Math.min(start + MEASURED_ENTRIES, entryCount);
      steps.push(this.#ask({ kind: "measure", root: bytes, draft, start, end, stepsLeft }));
    }
    await Promise.all(steps);
    return new NarPlan(draft);
  }

  /** The `.ls` file; undefined when there can be none. @throws NiphasError StoreUnavailable */
  async list(plan: NarPlan): Promise<string | undefined> {
    const answer = await this.#ask({ kind: "list", plan: plan.buffer });
    if (answer.kind !== "listing") throw unexpected();
    return answer.listing;
  }

  /** The range in chunks of 256 KiB. @throws NiphasError BadBytes when a file is gone or has another size, StoreUnavailable */
  async read(root: string, plan: NarPlan, range: ByteRange): Promise<readonly Uint8Array[]> {
    const answer = await this.#ask({ kind: "read", root: byteString(Buffer.from(root)), plan: plan.buffer, range });
    if (answer.kind !== "bytes") throw unexpected();
    for (const chunk of answer.chunks) giveAway(chunk);
    return answer.chunks;
  }

  /** Calls that still run fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await Promise.all(this.#threads.splice(0).map((thread) => thread[Symbol.asyncDispose]()));
  }

  async #ask(question: NarQuestion): Promise<WorkerAnswer> {
    if (this.#isDisposed) throw new NiphasError("ShuttingDown", "the store is not read any more");
    return await this.#leastBusy().ask(question);
  }

  /** An idle thread, else a new one, else the one with least to do. */
  #leastBusy(): NarThread {
    const living = this.#threads.filter((thread) => !thread.hasEnded);
    this.#threads.splice(0, this.#threads.length, ...living);
    const [first, ...others] = living;
    const best = others.reduce((a, b) => (b.pendingCount < (a?.pendingCount ?? 0) ? b : a), first);
    if (best !== undefined && (best.pendingCount === 0 || living.length === this.#maxCount)) return best;
    const thread = new NarThread();
    this.#threads.push(thread);
    return thread;
  }
}

function unexpected(): NiphasError {
  return new NiphasError("Internal", "a thread that reads the store gave another answer than was asked for");
}
