import { createHmac, timingSafeEqual } from "node:crypto";
import type { PeerId } from "../../ports.ts";

/** Daemons of one mesh. Those of two groups never complete a connection, on one network and with each other's addresses. */
export interface TrustGroup {
  readonly name: string;
  /** Known to all daemons of the group and to nobody else; at least 32 random bytes. Without one the name alone decides. */
  readonly secret: Uint8Array | undefined;
}

export type HandshakeRole = "initiator" | "responder";

/** What both sides know once the encrypted channel stands. */
export interface HandshakeTranscript {
  readonly initiator: PeerId;
  readonly responder: PeerId;
  readonly initiatorNonce: Uint8Array;
  readonly responderNonce: Uint8Array;
}

export const NONCE_BYTES = 32;
export const PROOF_BYTES = 32;

const LABEL = "niphas mesh trust group 1";

/** The key of a group. A name can never stand for another name with a secret. */
export function groupKey(group: TrustGroup): Uint8Array {
  const secret = group.secret ?? new Uint8Array();
  const kind = group.secret === undefined ? "open" : "secret";
  return createHmac("sha256", secret).update(`${LABEL}\0${kind}\0${group.name}`).digest();
}

/**
 * What shows that `role` knows the key. It covers both identities, which the encrypted channel has authenticated: nobody
 * in between can pass it on. It covers the role: nobody can send it back.
 */
export function groupProof(key: Uint8Array, role: HandshakeRole, transcript: HandshakeTranscript): Uint8Array {
  return createHmac("sha256", key)
    .update(`${LABEL}\0${role}\0${transcript.initiator}\0${transcript.responder}\0`)
    .update(transcript.initiatorNonce)
    .update(transcript.responderNonce)
    .digest();
}

export function isGroupProof(
  proof: Uint8Array,
  key: Uint8Array,
  role: HandshakeRole,
  transcript: HandshakeTranscript,
): boolean {
  const expected = groupProof(key, role, transcript);
  return proof.byteLength === expected.byteLength && timingSafeEqual(proof, expected);
}
