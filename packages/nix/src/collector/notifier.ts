import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { NiphasError, type StorePath } from "@niphas/core";
import type { CollectorNotifier, StoreLocation } from "../ports.ts";
import { storeLayout } from "../store/layout.ts";
import { type AnnounceOutcome, Conversation } from "./conversation.ts";

const DEFAULT_TIMEOUT_MS = 15_000;
const RETRY_DELAY_MS = 20;

export interface CollectorNotifierInit {
  /** How long a collector may take to acknowledge; it may be deleting a large path. Default 15 s. */
  readonly timeoutMs?: number;
}

/** Speaks Nix's own protocol for new roots during a collection; see {@link CollectorNotifier}. */
export function createCollectorNotifier(location: StoreLocation, init: CollectorNotifierInit = {}): CollectorNotifier {
  return new SocketCollectorNotifier(storeLayout(location).collectorSocket, init.timeoutMs ?? DEFAULT_TIMEOUT_MS);
}

/** The paths of all who asked in one tick, on one connection. */
interface Batch {
  readonly paths: Set<StorePath>;
  readonly done: Promise<void>;
  /** Aborted when everybody has left. */
  readonly abandoned: AbortController;
  callers: number;
}

class SocketCollectorNotifier implements CollectorNotifier {
  readonly #socketPath: string;
  readonly #timeoutMs: number;
  /** Conversations with nothing to say; a path whose deletion takes long holds up those of its own only. */
  readonly #idle: Conversation[] = [];
  /** The batch that this tick's callers join. */
  #next: Batch | undefined;

  constructor(socketPath: string, timeoutMs: number) {
    this.#socketPath = socketPath;
    this.#timeoutMs = timeoutMs;
  }

  async announce(paths: readonly StorePath[], signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled(signal.reason);
    // Our root is already there: a collector that opens its socket after this look will list it.
    if (paths.length === 0 || !existsSync(this.#socketPath)) return;
    const batch = this.#next ?? this.#openBatch();
    for (const path of paths) batch.paths.add(path);
    await waitFor(batch, signal);
  }

  #openBatch(): Batch {
    const paths = new Set<StorePath>();
    const abandoned = new AbortController();
    const done = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#next = undefined;
      return this.#announceAll([...paths], abandoned.signal);
    });
    // Every caller may have left; then nobody else hears a rejection.
    done.catch(() => undefined);
    this.#next = { paths, done, abandoned, callers: 0 };
    return this.#next;
  }

  async #announceAll(paths: readonly StorePath[], abandoned: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#timeoutMs), abandoned]);
    let rest = paths;
    while (rest.length > 0) {
      const outcome = await this.#announceOnce(rest, signal).catch((error: unknown) => {
        throw new NiphasError("StoreUnavailable", "a garbage collector runs on this store and does not answer", {
          cause: error,
        });
      });
      if (outcome.state !== "disconnected") return;
      // The collector ended while we spoke. A next one lists our roots, but may already be listening.
      rest = rest.slice(outcome.acknowledged);
      await sleep(RETRY_DELAY_MS);
    }
  }

  async #announceOnce(paths: readonly StorePath[], signal: AbortSignal): Promise<AnnounceOutcome> {
    const conversation = this.#takeIdle() ?? new Conversation(this.#socketPath);
    const outcome = await conversation.announce(paths, signal);
    if (conversation.isOpen) this.#idle.push(conversation);
    return outcome;
  }

  /** Those that the collector has ended are forgotten. */
  #takeIdle(): Conversation | undefined {
    for (let conversation = this.#idle.pop(); conversation !== undefined; conversation = this.#idle.pop()) {
      if (conversation.isOpen) return conversation;
    }
    return undefined;
  }
}

async function waitFor(batch: Batch, signal: AbortSignal): Promise<void> {
  const { promise: left, reject } = Promise.withResolvers<never>();
  const leave = (): void => reject(cancelled(signal.reason));
  batch.callers += 1;
  signal.addEventListener("abort", leave, { once: true });
  try {
    await Promise.race([batch.done, left]);
  } finally {
    signal.removeEventListener("abort", leave);
    batch.callers -= 1;
    if (batch.callers === 0) batch.abandoned.abort();
  }
}

function cancelled(reason: unknown): NiphasError {
  return new NiphasError("Cancelled", "the work was cancelled", { cause: reason });
}
