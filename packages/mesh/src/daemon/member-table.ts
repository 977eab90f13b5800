import type { ObservedMembership } from "../membership/ports.ts";
import type { Member, PeerId } from "../ports.ts";

/** The members by peer id, for questions that are asked for every range of every NAR. */
export class MemberTable implements Disposable {
  readonly #membership: ObservedMembership;
  readonly #subscription: Disposable;
  #members: ReadonlyMap<PeerId, Member> = new Map();
  #onLeft: (peer: PeerId) => void = () => undefined;

  constructor({ membership }: { readonly membership: ObservedMembership }) {
    this.#membership = membership;
    this.#members = byPeer(membership.members());
    this.#subscription = membership.onChange(() => {
      const previous = this.#members;
      this.#members = byPeer(membership.members());
      for (const peer of previous.keys()) if (!this.#members.has(peer)) this.#onLeft(peer);
    });
  }

  /** `listener` is told who is no member any more. There is one. */
  onLeft(listener: (peer: PeerId) => void): void {
    this.#onLeft = listener;
  }

  has(peer: PeerId): boolean {
    return this.#members.has(peer);
  }

  /** Whether the member is in our own failure domain; false while we do not know ours. */
  isNear(peer: PeerId): boolean {
    const { zone } = this.#membership;
    return zone !== undefined && this.#members.get(peer)?.zone === zone;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}

function byPeer(members: readonly Member[]): ReadonlyMap<PeerId, Member> {
  return new Map(members.map((member) => [member.peerId, member]));
}
