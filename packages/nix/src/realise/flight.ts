import { NiphasError, toNiphasError } from "@niphas/core";
import type { RealiseProgress } from "../ports.ts";

type Listener = (progress: RealiseProgress) => void;
type Work = (signal: AbortSignal, onProgress: Listener) => Promise<void>;

/** One piece of work that several callers wait for. It is aborted when the last of them leaves. */
export class Flight {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<Listener>();
  readonly #result: Promise<void>;
  #callers = 0;
  #latest: RealiseProgress | undefined;

  constructor(work: Work) {
    this.#result = work(this.#controller.signal, (progress) => this.#report(progress));
    this.#result.catch(() => undefined);
  }

  /** Set when the work is being aborted: too late to join. */
  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Resolves when the work has ended, however. */
  async ended(): Promise<void> {
    await this.#result.catch(() => undefined);
  }

  abort(reason: NiphasError): void {
    this.#controller.abort(reason);
  }

  /** Waits for the result; leaving early (by the signal) is Cancelled. The last to leave also waits until the work has ended. */
  async join(signal: AbortSignal, listener: Listener): Promise<void> {
    this.#callers += 1;
    // A wrapper of its own, so that two callers may give the same function.
    const report: Listener = (progress) => listener(progress);
    this.#listeners.add(report);
    if (this.#latest !== undefined) report(this.#latest);
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = (): void => reject(cancelled(signal.reason));
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    try {
      await Promise.race([this.#result, left]);
    } finally {
      signal.removeEventListener("abort", leave);
      this.#listeners.delete(report);
      this.#callers -= 1;
      if (this.#callers === 0) {
        this.abort(cancelled(undefined));
        await this.ended();
      }
    }
  }

  #report(progress: RealiseProgress): void {
    this.#latest = progress;
    for (const listener of this.#listeners) listener(progress);
  }
}

function cancelled(reason: unknown): NiphasError {
  const cause = reason === undefined ? undefined : toNiphasError(reason);
  return new NiphasError("Cancelled", "the work was cancelled", { cause });
}
