import { NiphasError, untilAborted } from "@niphas/core";
import { setLimit } from "../../fair-time/limit.ts";
import type { Clock } from "../ports.ts";

/** One for all, since every NAR ends so, and the stack of an error takes longer to make than the rest. */
const UNWANTED = new NiphasError("Cancelled", "nobody wants the rest of the NAR");

/** Ends a piece of work that stands still, whether or not it heeds its signal. */
export class Watchdog implements Disposable {
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => this.#controller.abort(this.#outer.reason);

  constructor(components: { readonly clock: Clock }, init: { readonly signal: AbortSignal }) {
    this.#clock = components.clock;
    this.#outer = init.signal;
    this.#outer.addEventListener("abort", this.#onAbort, { once: true });
    if (this.#outer.aborted) this.#onAbort();
  }

  /** A step took too long. */
  hasStoodStill = false;

  /** For the work that is watched: aborts with the outer signal, with a step that took too long, and on disposal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** One step of the work. @throws NiphasError SubstituterUnavailable after `limitMs`; the outer signal's reason */
  async within<T>(limitMs: number, step: () => Promise<T>): Promise<T> {
    const timer = setLimit(this.#clock, limitMs, () => this.#end(limitMs));
    try {
      return await untilAborted(step(), this.#controller.signal);
    } finally {
      timer.cancel();
    }
  }

  #end(limitMs: number): void {
    this.hasStoodStill = true;
    this.#controller.abort(new NiphasError("SubstituterUnavailable", `the source stood still for ${limitMs} ms`));
  }

  [Symbol.dispose](): void {
    this.#outer.removeEventListener("abort", this.#onAbort);
    this.#controller.abort(UNWANTED);
  }
}
