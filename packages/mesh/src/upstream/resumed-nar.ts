import { isNiphasError, type NarInfo } from "@niphas/core";
import type { NarBytes } from "../ports.ts";
import type { GuardedUpstream } from "./guarded-upstream.ts";

/** Where a NAR can be read. */
export interface NarPlace {
  readonly source: GuardedUpstream;
  readonly info: NarInfo;
}

/** Finds a place that is not in `without`. @throws NiphasError when there is none */
export type Locate = (without: ReadonlySet<GuardedUpstream>) => Promise<NarPlace>;

/** A connection may break every few GiB; one that breaks more often is no use. */
const MAX_RESUMPTIONS = 8;

/**
 * A NAR that goes on where a source broke off: with the same one if it gave anything, else with the next. What a source
 * has falsified is not mended: the reader's hash finds out.
 */
export class ResumedNar implements NarBytes {
  readonly body: AsyncIterable<Uint8Array>;
  readonly #locate: Locate;
  readonly #signal: AbortSignal;
  readonly #without = new Set<GuardedUpstream>();
  #position: number;
  #current: NarBytes | undefined;
  #endedBytes = 0;

  constructor(components: { readonly locate: Locate }, init: { readonly start: number; readonly signal: AbortSignal }) {
    this.#locate = components.locate;
    this.#signal = init.signal;
    this.#position = init.start;
    this.body = this.#readAll(init.start);
  }

  transferredBytes = (): number => this.#endedBytes + (this.#current?.transferredBytes() ?? 0);

  async *#readAll(start: number): AsyncGenerator<Uint8Array, void, undefined> {
    let failure: unknown;
    for (let attempts = 1; ; attempts++) {
      const place = await this.#next(failure);
      const before = this.#position;
      try {
        yield* this.#readFrom(place);
        return;
      } catch (error) {
        this.#signal.throwIfAborted();
        if (this.#position > start && !isPassing(error)) throw error;
        failure = error;
      }
      if (this.#position === before || attempts > MAX_RESUMPTIONS) this.#without.add(place.source);
    }
  }

  /** @throws what the last source failed with rather than that there is no other one */
  async #next(failure: unknown): Promise<NarPlace> {
    try {
      return await this.#locate(this.#without);
    } catch (error) {
      throw failure ?? error;
    }
  }

  async *#readFrom({ source, info }: NarPlace): AsyncGenerator<Uint8Array, void, undefined> {
    const signal = this.#signal;
    try {
      this.#current = await source.run((upstream) => upstream.nar(info, this.#position, signal), signal);
      for await (const chunk of this.#current.body) {
        this.#position += chunk.length;
        yield chunk;
      }
    } finally {
      this.#endedBytes = this.transferredBytes();
      this.#current = undefined;
    }
  }
}

function isPassing(error: unknown): boolean {
  return isNiphasError(error) && (error.kind === "unavailable" || error.code === "PathNotFound");
}
