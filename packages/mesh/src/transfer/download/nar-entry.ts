import { NiphasError } from "@niphas/core";
import type { Timer, WantedNar } from "../ports.ts";
import type { NarSpool } from "../spool/nar-spool.ts";

/** One NAR that is being got, or has been and is kept. */
export class NarEntry {
  readonly wanted: WantedNar;
  /** Nobody must want it for it to go on. */
  readonly isPinned: boolean;
  readonly #abort = new AbortController();
  readonly #spool = Promise.withResolvers<NarSpool>();
  #current: NarSpool | undefined;
  #users = 0;
  /** Ends when all work for it has ended; never fails. */
  run: Promise<void> = Promise.resolve();
  keep: Timer | undefined;
  keptMs = 0;

  constructor(init: { readonly wanted: WantedNar; readonly isPinned: boolean }) {
    this.wanted = init.wanted;
    this.isPinned = init.isPinned;
    this.#spool.promise.catch(() => undefined);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** When there is room for it. */
  get spool(): Promise<NarSpool> {
    return this.#spool.promise;
  }

  /** What there is of it now. */
  get current(): NarSpool | undefined {
    return this.#current;
  }

  get isVerified(): boolean {
    return this.#current?.state === "verified";
  }

  /** Nobody will miss it. */
  get isIdle(): boolean {
    return this.#users === 0 && this.isVerified && this.#current?.readers === 0;
  }

  get users(): number {
    return this.#users;
  }

  begun(spool: NarSpool): void {
    this.#current = spool;
    this.#spool.resolve(spool);
  }

  failed(error: unknown): void {
    this.#spool.reject(error);
  }

  join(): void {
    this.#users++;
    this.keep?.cancel();
    this.keptMs = 0;
  }

  leave(): void {
    this.#users--;
  }

  abort(reason = new NiphasError("Cancelled", "nobody wants the NAR any more")): void {
    this.keep?.cancel();
    this.#abort.abort(reason);
  }
}
