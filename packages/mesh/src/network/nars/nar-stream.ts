import type { Stream } from "@libp2p/interface";
import { NAR_LIMITS } from "../limits.ts";
import { frame, readFrame } from "../streams/frames.ts";
import { StreamReader } from "../streams/stream-reader.ts";
import { StreamWriter } from "../streams/stream-writer.ts";
import { encodeNarRequest, type NarAnswerHead, type NarRequest, parseNarAnswer } from "../wire/nar-messages.ts";

/** The asking side of one stream, one request after the other. */
export class NarStream {
  readonly #stream: Stream;
  readonly #writer: StreamWriter;
  readonly reader: StreamReader;
  #onClose: () => void = () => undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.addEventListener("close", () => this.#onClose(), { once: true });
    this.reader = new StreamReader(stream);
    this.#writer = new StreamWriter(stream, { stallMs: NAR_LIMITS.stallMs });
  }

  /** Nothing is on its way, in neither direction. */
  get isReady(): boolean {
    const stream = this.#stream;
    const isOpen =
      stream.status === "open" && stream.writeStatus === "writable" && stream.remoteWriteStatus === "writable";
    return isOpen && this.reader.queuedBytes === 0 && stream.readBufferLength === 0 && stream.writeBufferLength === 0;
  }

  /**
   * Undefined: the peer has ended the stream, as it may between two requests.
   * @throws NiphasError SubstituterUnavailable, BadBytes; the signal's reason
   */
  async ask(request: NarRequest, signal: AbortSignal): Promise<NarAnswerHead | undefined> {
    await this.#writer.write(frame(encodeNarRequest(request)), signal);
    const limits = { stallMs: NAR_LIMITS.stallMs, signal };
    const message = await readFrame(this.reader, NAR_LIMITS.maxFrameBytes, limits);
    return message === undefined ? undefined : parseNarAnswer(message, request.range);
  }

  /** Calls `listener`, and no longer the one before: a stream that serves thousands of requests has one owner at a time. */
  onClose(listener: () => void): void {
    this.#onClose = listener;
    if (this.#stream.status !== "open") listener();
  }

  abort(error: Error): void {
    this.#stream.abort(error);
  }

  /** Without a request on its way. */
  close(): void {
    this.#stream.close({ signal: AbortSignal.timeout(NAR_LIMITS.stallMs) }).catch((error: Error) => this.abort(error));
  }
}
