import type { Stream } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { freeBytes } from "../../store/free-bytes.ts";
import { Permits } from "../budgets/permits.ts";
import { NAR_LIMITS, STREAM_LIMITS } from "../limits.ts";
import { frame, readFrame } from "../streams/frames.ts";
import { StreamReader } from "../streams/stream-reader.ts";
import { StreamWriter } from "../streams/stream-writer.ts";
import { encodeNarAnswer, type NarAnswerHead, type NarRequest, parseNarRequest } from "../wire/nar-messages.ts";
import { inPieces } from "./pieces.ts";
import type { UploadSource } from "./upload-source.ts";

export const NAR_PROTOCOL = "/niphas/mesh/nar/1";

export interface NarServerInit {
  /** Ranges that are sent at once, to all peers. */
  readonly uploadSlots: number;
}

/** Sends ranges of NARs to peers, as many at once as there are slots. */
export class NarServer {
  readonly #source: UploadSource;
  readonly #slots: Permits;
  readonly #streams = new Permits(NAR_LIMITS.maxInboundStreams);

  constructor(components: { readonly source: UploadSource }, init: NarServerInit) {
    this.#source = components.source;
    this.#slots = new Permits(init.uploadSlots);
  }

  /** Slots that nobody uses now. */
  get freeSlots(): number {
    return this.#slots.free;
  }

  /** Until the peer ends the stream. A `StreamHandler`. @throws NiphasError BadBytes when it breaks the protocol */
  async serve(stream: Stream, peer: PeerId, signal: AbortSignal): Promise<void> {
    using place = this.#streams.tryTake();
    if (place === undefined) throw new NiphasError("SubstituterUnavailable", "too many peers ask at once");
    const reader = new StreamReader(stream);
    const writer = new StreamWriter(stream);
    for (;;) {
      const limits = { stallMs: NAR_LIMITS.requestTimeoutMs, signal };
      const message = await readFrame(reader, NAR_LIMITS.maxFrameBytes, limits);
      if (message === undefined) return;
      await this.#answer(parseNarRequest(message), { writer, peer, signal });
    }
  }

  async #answer(request: NarRequest, asker: Asker): Promise<void> {
    using slot = this.#slots.tryTake();
    if (slot === undefined) return await sendHead(asker, { kind: "busy", retryWith: this.#source.hints(request) });
    const answer = await this.#source.open(request, asker.peer, asker.signal);
    if (answer.kind !== "bytes") return await sendHead(asker, answer);
    await sendHead(asker, { kind: "bytes", end: answer.end });
    await sendBody(asker, answer.body, answer.end - request.range.start);
  }
}

interface Asker {
  readonly writer: StreamWriter;
  readonly peer: PeerId;
  readonly signal: AbortSignal;
}

async function sendHead({ writer, signal }: Asker, head: NarAnswerHead): Promise<void> {
  await writer.write(frame(encodeNarAnswer(head)), signal);
}

/** @throws NiphasError Internal when the source gives another number of bytes; the peer sees a broken stream, no short NAR */
async function sendBody({ writer, signal }: Asker, body: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<void> {
  let leftBytes = sizeBytes;
  let before: Uint8Array | undefined;
  for await (const piece of inPieces(body, NAR_LIMITS.chunkBytes)) {
    leftBytes -= piece.byteLength;
    if (leftBytes < 0) break;
    await writer.write(piece, signal);
    // What may be unsent now is of this piece.
    if (before !== undefined && piece.byteLength >= STREAM_LIMITS.maxUnsentBytes) freeBytes(before);
    before = piece;
  }
  if (leftBytes !== 0) throw new NiphasError("Internal", "a source gave another number of bytes than it was asked for");
}
