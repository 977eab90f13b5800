import { NiphasError, type StorePath, toNiphasError } from "@niphas/core";
import { Semaphore } from "../concurrency/semaphore.ts";
import type { MeshLoss, Neighbours, RealiseProgress, Realiser, StoreDatabase } from "../ports.ts";
import type { NixRunner } from "../process/nix-runner.ts";
import { Flight } from "./flight.ts";
import { realiseWithNeighbours } from "./realise-with-neighbours.ts";

const DEFAULT_MAX_CONCURRENT = 8;

export interface RealiserComponents {
  readonly nix: NixRunner;
  readonly database: StoreDatabase;
  /** Asked before the substituters. @default nobody */
  readonly neighbours?: Neighbours | undefined;
}

export interface RealiserInit {
  /** A realisation goes on without the mesh, for this reason. */
  readonly onNeighboursLost?: (reason: NiphasError, loss: MeshLoss) => void;
  /** How many Nix processes fetch at once; further closures wait. Default 8. */
  readonly maxConcurrent?: number;
}

/** Fetches closures by Nix, one process per set of roots however many ask; see {@link Realiser}. */
export function createRealiser(components: RealiserComponents, init: RealiserInit = {}): Realiser {
  return new NixRealiser(components, init);
}

class NixRealiser implements Realiser {
  readonly #components: RealiserComponents;
  readonly #init: RealiserInit;
  readonly #database: StoreDatabase;
  readonly #slots: Semaphore;
  readonly #flights = new Map<string, Flight>();
  readonly #stopping = new AbortController();

  constructor(components: RealiserComponents, init: RealiserInit) {
    this.#components = components;
    this.#init = init;
    this.#database = components.database;
    this.#slots = new Semaphore(init.maxConcurrent ?? DEFAULT_MAX_CONCURRENT);
  }

  async realise(
    roots: readonly StorePath[],
    options: { readonly signal: AbortSignal; readonly onProgress?: (progress: RealiseProgress) => void },
  ): Promise<void> {
    assertSubstitutable(roots);
    const sorted = [...new Set(roots)].sort();
    const key = sorted.join(" ");
    // Looking up and joining are one step, so that no flight ends in between.
    for (;;) {
      this.#assertOpen(options.signal);
      const flight = this.#flights.get(key) ?? this.#takeOff(key, sorted);
      if (flight === undefined) return;
      if (!flight.isAborted) return await flight.join(options.signal, options.onProgress ?? (() => undefined));
      await flight.ended();
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    const flights = [...this.#flights.values()];
    for (const flight of flights) flight.abort(shuttingDown());
    await Promise.all(flights.map((flight) => flight.ended()));
  }

  #assertOpen(signal: AbortSignal): void {
    if (this.#stopping.signal.aborted) throw shuttingDown();
    if (signal.aborted) throw new NiphasError("Cancelled", "the work was cancelled");
  }

  /** New work; undefined when there is nothing to do. */
  #takeOff(key: string, roots: readonly StorePath[]): Flight | undefined {
    if (this.#allValid(roots)) return undefined;
    const flight = new Flight(async (signal, onProgress) => {
      try {
        const onLost = this.#init.onNeighboursLost ?? (() => undefined);
        const options = { signal, onProgress, onLost };
        await this.#slots.run(signal, () => realiseWithNeighbours(this.#components, roots, options));
        this.#assertValid(roots);
      } catch (error) {
        throw this.#stopping.signal.aborted ? shuttingDown() : toNiphasError(error);
      } finally {
        this.#flights.delete(key);
      }
    });
    this.#flights.set(key, flight);
    return flight;
  }

  #allValid(roots: readonly StorePath[]): boolean {
    return roots.every((root) => this.#database.validId(root) !== undefined);
  }

  /** Nix's word is not enough: a collector may have been faster than the caller's root. */
  #assertValid(roots: readonly StorePath[]): void {
    const missing = roots.find((root) => this.#database.validId(root) === undefined);
    if (missing === undefined) return;
    throw new NiphasError("ClosureCollected", `${missing} was fetched and has gone again: a garbage collector ran`);
  }
}

/** Nix would build a derivation, not fetch it. */
function assertSubstitutable(roots: readonly StorePath[]): void {
  const derivation = roots.find((root) => root.endsWith(".drv"));
  if (derivation === undefined) return;
  throw new NiphasError("InvalidStorePath", `${derivation} is a recipe: give the store path that it builds`);
}

function shuttingDown(): NiphasError {
  return new NiphasError("ShuttingDown", "the node plugin is shutting down");
}
