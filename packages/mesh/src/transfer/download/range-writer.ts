import type { ByteSource } from "../ports.ts";
import type { NarSpool } from "../spool/nar-spool.ts";
import type { ActiveRange } from "./range-work.ts";

/** Takes what a source gives into the spool, and no byte beyond the range, whose end may come nearer meanwhile. */
export class RangeWriter {
  readonly #spool: NarSpool;
  readonly #range: ActiveRange;
  readonly #source: ByteSource;
  receivedBytes = 0;

  constructor(
    components: { readonly spool: NarSpool; readonly range: ActiveRange },
    init: { readonly source: ByteSource },
  ) {
    this.#spool = components.spool;
    this.#range = components.range;
    this.#source = init.source;
  }

  /** @returns whether more is wanted @throws what the spool failed with */
  async write(bytes: Uint8Array): Promise<boolean> {
    const range = this.#range;
    const start = range.position;
    const wanted = bytes.subarray(0, Math.max(0, range.end - start));
    // Before anything waits, so that nobody steals what is being written.
    range.position = start + wanted.length;
    this.receivedBytes += wanted.length;
    if (wanted.length > 0) await this.#spool.write(start, wanted, this.#source);
    return range.position < range.end;
  }
}
