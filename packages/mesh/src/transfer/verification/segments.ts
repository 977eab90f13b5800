import type { ByteRange } from "../../ports.ts";
import type { ByteSource } from "../ports.ts";

/** A run of bytes that one source gave. */
export interface Segment extends ByteRange {
  readonly source: ByteSource;
}

/** Who gave which bytes of a NAR. */
export class Segments {
  readonly #segments: Segment[] = [];

  /** Grows the source's run when the bytes go on where it ended. */
  add(segment: Segment): void {
    const { start, end, source } = segment;
    const index = this.#segments.findIndex((each) => each.end === start && each.source === source);
    const before = this.#segments[index];
    if (before === undefined) this.#segments.push(segment);
    else this.#segments[index] = { start: before.start, end, source };
  }

  get all(): readonly Segment[] {
    return this.#segments;
  }

  /** Each one once. */
  get sources(): readonly ByteSource[] {
    return [...new Set(this.#segments.map(({ source }) => source))];
  }
}
