import { createHash } from "node:crypto";
import type { PeerId } from "../ports.ts";

/** A member with what is hashed of it, computed once. */
export interface RendezvousMember {
  readonly peerId: PeerId;
  readonly low: number;
  readonly high: number;
}

interface Scored {
  readonly member: RendezvousMember;
  readonly score: number;
}

export function rendezvousMember(peerId: PeerId): RendezvousMember {
  const digest = createHash("sha256").update(peerId).digest();
  return { peerId, low: digest.readInt32LE(0), high: digest.readInt32LE(4) };
}

/**
 * The weight of a member for a key, 0 to 2^32 - 1. Every node computes the same: it is part of the wire contract.
 * Highest random weight hashing: Thaler and Ravishankar, "A Name-Based Mapping Scheme for Rendezvous", 1996.
 */
export function rendezvousScore(member: RendezvousMember, key: number): number {
  return mix(mix(member.low ^ key) ^ member.high) >>> 0;
}

/** True when `a` comes before `b` for the key; equal weights are ordered by peer id, so that all nodes agree. */
function precedes(a: Scored, b: Scored): boolean {
  return a.score === b.score ? a.member.peerId < b.member.peerId : a.score > b.score;
}

/** The `count` members with the highest weights for `key`, the highest first; fewer when there are fewer. */
export function highestMembers(
  members: Iterable<RendezvousMember>,
  key: number,
  count: number,
): readonly RendezvousMember[] {
  const best: Scored[] = [];
  let floor = -1;
  for (const member of members) {
    const score = rendezvousScore(member, key);
    // Nearly all members end here: this loop runs once for each member and key.
    if (score < floor) continue;
    insert(best, { member, score }, count);
    if (best.length === count) floor = best[count - 1]?.score ?? floor;
  }
  return best.map(({ member }) => member);
}

function insert(best: Scored[], scored: Scored, count: number): void {
  const found = best.findIndex((other) => precedes(scored, other));
  best.splice(found < 0 ? best.length : found, 0, scored);
  if (best.length > count) best.pop();
}

/** The finaliser of MurmurHash3: each bit of the input changes half of the bits of the output. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
