import type { Stream } from "@libp2p/interface";
import { RPC_LIMITS } from "../limits.ts";
import { frame, readFrame } from "../streams/frames.ts";
import { StreamReader } from "../streams/stream-reader.ts";
import { StreamWriter } from "../streams/stream-writer.ts";
import { encodeRpcFrame, parseRpcFrame, type RpcFrame } from "../wire/rpc-frame.ts";

export const RPC_PROTOCOL = "/niphas/mesh/rpc/1";

/** RPC frames over a stream. */
export class RpcChannel {
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;

  constructor(stream: Stream) {
    this.#reader = new StreamReader(stream);
    this.#writer = new StreamWriter(stream);
  }

  /** @throws NiphasError SubstituterUnavailable; the signal's reason */
  async send(message: RpcFrame, signal: AbortSignal): Promise<void> {
    await this.#writer.write(frame(encodeRpcFrame(message)), signal);
  }

  /**
   * Undefined at the end of the stream.
   * @param stallMs how long nothing may come
   * @throws NiphasError BadBytes, SubstituterUnavailable; the signal's reason
   */
  async receive(stallMs: number | undefined, signal: AbortSignal): Promise<RpcFrame | undefined> {
    const message = await readFrame(this.#reader, RPC_LIMITS.maxFrameBytes, { stallMs, signal });
    return message === undefined ? undefined : parseRpcFrame(message);
  }
}
