import { NiphasError } from "@niphas/core";
import type { ReadOptions, StreamReader } from "./stream-reader.ts";

const LENGTH_BYTES = 4;

/** The message with its length in front, as one piece. */
export function frame(message: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + message.byteLength);
  bytes.writeUInt32BE(message.byteLength);
  bytes.set(message, LENGTH_BYTES);
  return bytes;
}

/**
 * The next message; undefined when the stream ends before it.
 * @throws NiphasError BadBytes when it is longer than `maxBytes`, SubstituterUnavailable
 */
export async function readFrame(
  reader: StreamReader,
  maxBytes: number,
  options: ReadOptions,
): Promise<Uint8Array | undefined> {
  const prefix = await reader.readExactly(LENGTH_BYTES, options);
  if (prefix === undefined) return undefined;
  const sizeBytes = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength).readUInt32BE();
  if (sizeBytes > maxBytes) throw new NiphasError("BadBytes", "the peer announces a message that is too long");
  if (sizeBytes === 0) return new Uint8Array();
  const message = await reader.readExactly(sizeBytes, options);
  if (message === undefined)
    throw new NiphasError("SubstituterUnavailable", "the peer ended in the middle of a message");
  return message;
}
