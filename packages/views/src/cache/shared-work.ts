import { NiphasError } from "@niphas/core";
import { throwIfCancelled } from "../workers/worker-group.ts";

interface Flight<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiterCount: number;
}

/**
 * Callers that want the same thing at the same time share one piece of work.
 * It is aborted when the last of them has gone.
 */
export class SharedWork<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** @throws NiphasError Cancelled as soon as the caller's own signal aborts, whatever becomes of the work */
  async join(id: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    throwIfCancelled(signal);
    const flight = this.#flights.get(id) ?? this.#start(id, start);
    flight.waiterCount++;
    try {
      return await orCancelled(flight.promise, signal);
    } finally {
      flight.waiterCount--;
      if (flight.waiterCount === 0) this.#abandon(id, flight);
    }
  }

  /** Aborts everything and waits until it has ended. */
  async stop(): Promise<void> {
    const flights = [...this.#flights.values()];
    for (const flight of flights) flight.controller.abort(cancelled());
    await Promise.allSettled(flights.map((flight) => flight.promise));
  }

  #start(id: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const promise = start(controller.signal).finally(() => {
      if (this.#flights.get(id)?.promise === promise) this.#flights.delete(id);
    });
    // Every waiter sees the failure; this one is for when all of them have left.
    promise.catch(() => undefined);
    const flight = { promise, controller, waiterCount: 0 };
    this.#flights.set(id, flight);
    return flight;
  }

  /** A caller that comes now starts anew instead of joining work that is being aborted. */
  #abandon(id: string, flight: Flight<T>): void {
    if (this.#flights.get(id) !== flight) return;
    this.#flights.delete(id);
    flight.controller.abort(cancelled());
  }
}

async function orCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: left, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(cancelled());
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, left]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function cancelled(): NiphasError {
  return new NiphasError("Cancelled", "the work was cancelled");
}
