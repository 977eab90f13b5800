import { randomBytes } from "node:crypto";
import type { MessageStream } from "@libp2p/interface";
import { byteStream } from "@libp2p/utils";
import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { groupProof, isGroupProof, NONCE_BYTES, PROOF_BYTES } from "./trust-group.ts";

export const OTHER_GROUP = "the peer belongs to another trust group";

export interface Channel {
  /** Encrypted, with both ends authenticated. */
  readonly stream: MessageStream;
  readonly self: PeerId;
  readonly peer: PeerId;
  readonly signal: AbortSignal | undefined;
}

/**
 * The side that dialled shows first that it knows the group's key; one that does not learns nothing but random bytes.
 * responder: nonce -> initiator: nonce, proof -> responder: proof
 * @throws NiphasError PolicyDenied
 */
export async function joinGroup(key: Uint8Array, channel: Channel): Promise<void> {
  const bytes = byteStream(channel.stream, { maxBufferSize: MAX_BUFFERED_BYTES });
  const options = channel.signal === undefined ? {} : { signal: channel.signal };
  const responderNonce = (await bytes.read({ bytes: NONCE_BYTES, ...options })).subarray();
  const initiatorNonce = randomBytes(NONCE_BYTES);
  const transcript = { initiator: channel.self, responder: channel.peer, initiatorNonce, responderNonce };
  await bytes.write(Buffer.concat([initiatorNonce, groupProof(key, "initiator", transcript)]), options);
  // Whoever does not take our proof hangs up without a word.
  const proof = await bytes.read({ bytes: PROOF_BYTES, ...options }).catch((error: unknown) => {
    channel.signal?.throwIfAborted();
    throw stranger(error);
  });
  if (!isGroupProof(proof.subarray(), key, "responder", transcript)) throw stranger();
  bytes.unwrap();
}

/** The side that was dialled. @throws NiphasError PolicyDenied */
export async function admitToGroup(key: Uint8Array, channel: Channel): Promise<void> {
  const bytes = byteStream(channel.stream, { maxBufferSize: MAX_BUFFERED_BYTES });
  const options = channel.signal === undefined ? {} : { signal: channel.signal };
  const responderNonce = randomBytes(NONCE_BYTES);
  await bytes.write(responderNonce, options);
  const initiatorNonce = (await bytes.read({ bytes: NONCE_BYTES, ...options })).subarray();
  const proof = (await bytes.read({ bytes: PROOF_BYTES, ...options })).subarray();
  const transcript = { initiator: channel.peer, responder: channel.self, initiatorNonce, responderNonce };
  if (!isGroupProof(proof, key, "initiator", transcript)) throw stranger();
  await bytes.write(groupProof(key, "responder", transcript), options);
  bytes.unwrap();
}

/** The muxer's first frames may come with the last proof. */
const MAX_BUFFERED_BYTES = 64 * 1024;

function stranger(cause?: unknown): NiphasError {
  return new NiphasError("PolicyDenied", OTHER_GROUP, { cause });
}
