import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { type DigestList, parseDigestList } from "../hashes/path-digest.ts";
import { parseUint32 } from "../summaries/summary.ts";

/** What a node tells a keeper of its paths. The messages to one keeper are numbered. */
export interface Announcement {
  /** 32 random bits, new at each start of the node. */
  readonly epoch: number;
  /** 0 begins anew: what was announced before no longer counts. */
  readonly sequence: number;
  readonly added: DigestList;
  readonly removed: DigestList;
}

/** `resend` when the keeper does not know what came before: the node begins anew. */
export type AnnouncementAnswer = "applied" | "resend";

/** As on the wire; numbers are uint32. */
export interface AnnouncementWire {
  readonly epoch: number;
  readonly sequence: number;
  readonly added: Uint8Array;
  readonly removed: Uint8Array;
}

/** Holders of several paths as on the wire: each peer once, then for each path which of them. */
export interface HoldersWire {
  readonly peers: readonly string[];
  readonly lists: readonly { readonly indexes: readonly number[] }[];
}

/** Hashes of one announcement, added and removed each; more go in several. 320 KiB each, so that one message holds both. */
export const MAX_ANNOUNCED_DIGESTS = 16_384;
/** Hashes of one question to a keeper. */
export const MAX_QUERY_DIGESTS = 1024;
/** Holders that a keeper remembers, and answers, for a path. */
export const MAX_HOLDERS = 64;

/** @throws NiphasError BadBytes */
export function parseAnnouncement(wire: AnnouncementWire): Announcement {
  return {
    epoch: parseUint32(wire.epoch),
    sequence: parseUint32(wire.sequence),
    added: parseDigestList(wire.added, MAX_ANNOUNCED_DIGESTS),
    removed: parseDigestList(wire.removed, MAX_ANNOUNCED_DIGESTS),
  };
}

/** @throws NiphasError BadBytes */
export function parseQuery(bytes: Uint8Array): DigestList {
  return parseDigestList(bytes, MAX_QUERY_DIGESTS);
}

export function formatHolders(lists: readonly (readonly PeerId[])[]): HoldersWire {
  const indexes = new Map<PeerId, number>();
  const indexOf = (peer: PeerId): number => {
    const index = indexes.get(peer) ?? indexes.size;
    indexes.set(peer, index);
    return index;
  };
  const wireLists = lists.map((peers) => ({ indexes: peers.map(indexOf) }));
  return { peers: [...indexes.keys()], lists: wireLists };
}

/**
 * @param expectedCount how many paths were asked for
 * @param parsePeerId throws NiphasError BadBytes for what is no peer id
 * @throws NiphasError BadBytes
 */
export function parseHolders(
  wire: HoldersWire,
  expectedCount: number,
  parsePeerId: (text: string) => PeerId,
): readonly (readonly PeerId[])[] {
  if (wire.lists.length !== expectedCount || wire.peers.length > expectedCount * MAX_HOLDERS) {
    throw new NiphasError("BadBytes", "a keeper's answer does not fit its question");
  }
  const peers = wire.peers.map(parsePeerId);
  return wire.lists.map(({ indexes }) => {
    if (indexes.length > MAX_HOLDERS) throw new NiphasError("BadBytes", "a keeper names more holders than it may");
    return [...new Set(indexes.map((index) => peerAt(peers, index)))];
  });
}

function peerAt(peers: readonly PeerId[], index: number): PeerId {
  const peer = peers[index];
  if (peer === undefined) throw new NiphasError("BadBytes", "a keeper's answer points outside itself");
  return peer;
}
