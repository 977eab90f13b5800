import type { PeerId as Libp2pPeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";

const MAX_LENGTH = 128;

/**
 * Reads the text of an ed25519 peer id and returns it in its usual spelling (base58, `12D3KooW…`).
 * @throws NiphasError InvalidRequest
 */
export function parsePeerId(text: string): PeerId {
  return peerIdText(toLibp2pPeerId(text));
}

/** As {@link parsePeerId}, for what a peer says. @throws NiphasError BadBytes */
export function parseForeignPeerId(text: string): PeerId {
  try {
    return parsePeerId(text);
  } catch (error) {
    throw new NiphasError("BadBytes", "a peer named a peer that can be none", { cause: error });
  }
}

/** The text by which the mesh knows a peer that libp2p has authenticated. */
export function peerIdText(peerId: Libp2pPeerId): PeerId {
  return peerId.toString() as PeerId;
}

/** @throws NiphasError InvalidRequest */
export function toLibp2pPeerId(text: string): Libp2pPeerId {
  const peerId = text.length <= MAX_LENGTH ? tryParse(text) : undefined;
  if (peerId?.type !== "Ed25519") throw new NiphasError("InvalidRequest", "not the peer id of an ed25519 key");
  return peerId;
}

function tryParse(text: string): Libp2pPeerId | undefined {
  try {
    return peerIdFromString(text);
  } catch {
    return undefined;
  }
}
