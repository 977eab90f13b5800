import { NiphasError } from "@niphas/core";
import { type BloomFilter, parseBloomFilter } from "../hashes/bloom-filter.ts";
import { type DigestList, parseDigestList } from "../hashes/path-digest.ts";

/** How far somebody knows a node's paths. Epochs are only compared for equality; versions count the changes of one. */
export interface SummaryPosition {
  /** 32 random bits, new at each start and whenever the filter is made anew. */
  readonly epoch: number;
  /** From 0, below 2^32. */
  readonly version: number;
}

/** All paths of a node: those in the filter, but for the removed ones. */
export interface Summary extends SummaryPosition {
  readonly filter: BloomFilter;
  readonly removed: DigestList;
}

/** What has become of a node's paths between two versions: the last word on each path that changed. */
export interface SummaryDelta {
  readonly epoch: number;
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly added: DigestList;
  readonly removed: DigestList;
}

export type SummaryAnswer =
  /** Nothing has changed. */
  | { readonly kind: "current" }
  | { readonly kind: "delta"; readonly delta: SummaryDelta }
  | { readonly kind: "summary"; readonly summary: Summary };

/** As on the wire; numbers are uint32. */
export interface SummaryWire {
  readonly epoch: number;
  readonly version: number;
  readonly filter: Uint8Array;
  readonly removed: Uint8Array;
}

/** As on the wire; numbers are uint32. */
export interface SummaryDeltaWire {
  readonly epoch: number;
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly added: Uint8Array;
  readonly removed: Uint8Array;
}

/** Removed paths that a summary may have beside its filter; with more, the owner makes a new filter. 80 KiB. */
export const MAX_REMOVED = 4096;
/** Hashes of one delta, added and removed together; with more, the owner sends its filter. 320 KiB. */
export const MAX_DELTA_DIGESTS = 16_384;

const MAX_UINT32 = 2 ** 32 - 1;

/** @throws NiphasError BadBytes */
export function parseSummary(wire: SummaryWire): Summary {
  return {
    ...parsePosition(wire),
    filter: parseBloomFilter(wire.filter),
    removed: parseDigestList(wire.removed, MAX_REMOVED),
  };
}

export function formatSummary({ epoch, version, filter, removed }: Summary): SummaryWire {
  return { epoch, version, filter: filter.bytes, removed };
}

/** @throws NiphasError BadBytes */
export function parseDelta(wire: SummaryDeltaWire): SummaryDelta {
  const { epoch, version: fromVersion } = parsePosition({ epoch: wire.epoch, version: wire.fromVersion });
  const { version: toVersion } = parsePosition({ epoch: wire.epoch, version: wire.toVersion });
  if (toVersion < fromVersion) throw new NiphasError("BadBytes", "a peer sent a change that goes back in time");
  const added = parseDigestList(wire.added, MAX_DELTA_DIGESTS);
  const removed = parseDigestList(wire.removed, MAX_DELTA_DIGESTS);
  return { epoch, fromVersion, toVersion, added, removed };
}

/** Deltas have the same shape on the wire. */
export function formatDelta(delta: SummaryDelta): SummaryDeltaWire {
  return delta;
}

/** @throws NiphasError BadBytes */
export function parsePosition({ epoch, version }: SummaryPosition): SummaryPosition {
  return { epoch: parseUint32(epoch), version: parseUint32(version) };
}

export function parseUint32(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_UINT32) return value;
  throw new NiphasError("BadBytes", "a peer sent a number outside its range");
}
