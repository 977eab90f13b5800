import { digestOf, wordAt } from "../discovery/hashes/path-digest.ts";
import type { PathHash, PeerId } from "../ports.ts";
import { highestMembers, type RendezvousMember, rendezvousMember } from "./rendezvous.ts";

const DEFAULT_OWNER_COUNT = 3;
/** The words of a digest that choose the owners; the shards of discovery use the first, so that the load is spread. */
const KEY_OFFSETS = [8, 12] as const;

/**
 * Who coordinates the fetch of a path from upstream: the same ordered owners on all nodes with the same members.
 * Ourselves must be among the peers. One instance for each state of the membership.
 */
export class Owners {
  readonly #members: readonly RendezvousMember[];

  constructor(peers: readonly PeerId[]) {
    this.#members = peers.map(rendezvousMember);
  }

  /** The first coordinates; when it fails, the next does. Costs a few nanoseconds for each member. */
  of(path: PathHash, count: number = DEFAULT_OWNER_COUNT): readonly PeerId[] {
    const digest = digestOf(path);
    const [first, second] = KEY_OFFSETS;
    const key = wordAt(digest, first) ^ wordAt(digest, second);
    return highestMembers(this.#members, key, count).map(({ peerId }) => peerId);
  }
}
