import { type ByteRange, encodeNarAnswer, frame, freeBytes, type NarRequest, parseNarRequest } from "@niphas/mesh";
import { type Stream, send } from "./evil-stream.ts";

export interface AskedForNarInit {
  readonly stream: Stream;
  readonly signal: AbortSignal;
  readonly request: NarRequest;
  /** The true bytes of the path's NAR. */
  readonly nar: (range: ByteRange) => AsyncIterable<Uint8Array>;
}

const LENGTH_BYTES = 4;

/** One request for bytes, to be answered in whatever way. */
export class AskedForNar {
  readonly stream: Stream;
  readonly signal: AbortSignal;
  readonly range: ByteRange;
  readonly #nar: AskedForNarInit["nar"];

  constructor(init: AskedForNarInit) {
    this.stream = init.stream;
    this.signal = init.signal;
    this.range = init.request.range;
    this.#nar = init.nar;
  }

  get sizeBytes(): number {
    return this.range.end - this.range.start;
  }

  /** True bytes from the start of the range on. */
  async *bytes(sizeBytes = this.sizeBytes): AsyncGenerator<Buffer> {
    const { start } = this.range;
    for await (const piece of this.#nar({ start, end: start + sizeBytes })) {
      yield Buffer.from(piece);
      freeBytes(piece);
    }
  }

  /** The head that promises all that was asked for. */
  async promise(): Promise<void> {
    await this.send(frame(encodeNarAnswer({ kind: "bytes", end: this.range.end })));
  }

  async refuse(): Promise<void> {
    await this.send(frame(encodeNarAnswer({ kind: "gone" })));
  }

  async send(bytes: Uint8Array): Promise<void> {
    await send(this.stream, bytes, this.signal);
  }
}

/** The requests on a stream, one after the other. */
export async function* narRequests(stream: Stream): AsyncGenerator<NarRequest> {
  let waiting = Buffer.alloc(0);
  for await (const chunk of stream) {
    waiting = Buffer.concat([waiting, chunk.subarray()]);
    const sizeBytes = waiting.length < LENGTH_BYTES ? Number.POSITIVE_INFINITY : waiting.readUInt32BE();
    if (waiting.length < LENGTH_BYTES + sizeBytes) continue;
    yield parseNarRequest(waiting.subarray(LENGTH_BYTES, LENGTH_BYTES + sizeBytes));
    waiting = waiting.subarray(LENGTH_BYTES + sizeBytes);
  }
}
