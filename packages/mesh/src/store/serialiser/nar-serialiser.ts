import { type NarPlan, NiphasError, untilAborted } from "@niphas/core";
import type { ByteRange } from "../../ports.ts";
import { NarThreads } from "./nar-threads.ts";
import { PlanCache } from "./plan-cache.ts";

/** What a thread makes at once: a message costs as much as 64 KiB do. */
const BATCH_BYTES = 1024 * 1024;
/** Batches that are made before they are asked for: two threads have the next one when they end one. */
const BATCHES_AHEAD = 4;
const DEFAULT_PLAN_CACHE_BYTES = 32 * 1024 * 1024;

/** The tree of a valid store path. */
export interface SerialisedTree {
  /** The path's database id: another tree at the same place has another one. */
  readonly id: number;
  /** Where it lies on this machine. */
  readonly root: string;
  /** What the database says that its NAR has. */
  readonly narSizeBytes: number;
}

export interface NarSerialiserInit {
  /** For the offset indexes of recently served trees, about 50 bytes a file. Default 32 MiB. */
  readonly planCacheBytes?: number;
}

/**
 * Makes NARs of trees on disk: each tree is walked once, then any range is made without what is before it. A reader
 * that does not ask stops the work; it holds up to 5 MiB, and no file.
 */
export class NarSerialiser implements AsyncDisposable {
  readonly #threads = new NarThreads();
  readonly #plans: PlanCache;

  constructor(init: NarSerialiserInit = {}) {
    this.#plans = new PlanCache(init.planCacheBytes ?? DEFAULT_PLAN_CACHE_BYTES);
  }

  /**
   * Bytes of the tree's NAR.
   * @throws NiphasError BadBytes when the tree does not give `narSizeBytes` or changes meanwhile, StoreUnavailable, Cancelled
   */
  async *read(tree: SerialisedTree, range: ByteRange, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const plan = await this.#plan(tree, signal);
    const batches: Promise<readonly Uint8Array[]>[] = [];
    let next = range.start;
    while (next < range.end || batches.length > 0) {
      while (next < range.end && batches.length < BATCHES_AHEAD) {
        const end = Math.min(next + BATCH_BYTES, range.end);
        batches.push(this.#batch(tree, plan, { start: next, end }));
        next = end;
      }
      const batch = batches.shift();
      if (batch === undefined) return;
      for (const chunk of await untilCancelled(batch, signal)) {
        throwIfCancelled(signal);
        yield chunk;
      }
    }
  }

  /** The tree's `.ls` file; undefined when there can be none. @throws NiphasError as {@link read} */
  async listing(tree: SerialisedTree, signal: AbortSignal): Promise<string | undefined> {
    const plan = await this.#plan(tree, signal);
    return await untilCancelled(this.#threads.list(plan), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  async #plan(tree: SerialisedTree, signal: AbortSignal): Promise<NarPlan> {
    const walk = this.#plans.get(tree.id, () => this.#threads.walk(tree.root));
    const plan = await untilCancelled(walk, signal);
    if (plan.sizeBytes === tree.narSizeBytes) return plan;
    this.#plans.forget(tree.id);
    throw new NiphasError("BadBytes", "the files of a store path give a NAR of another size than Nix registered");
  }

  #batch(tree: SerialisedTree, plan: NarPlan, range: ByteRange): Promise<readonly Uint8Array[]> {
    const batch = this.#threads.read(tree.root, plan, range);
    // Who reads may leave before; and after a failure a new walk has to tell what is there.
    batch.catch(() => this.#plans.forget(tree.id));
    return batch;
  }
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled(signal);
}

function cancelled(signal: AbortSignal): NiphasError {
  return new NiphasError("Cancelled", "the work was cancelled", { cause: signal.reason });
}

/** @throws NiphasError Cancelled as soon as the signal aborts; the work itself goes on to its end */
async function untilCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await untilAborted(work, signal);
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : error;
  }
}
