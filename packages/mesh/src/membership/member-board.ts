import type { Member, PeerId } from "../ports.ts";

/** The members as they are told to the rest of the daemon: sorted, each peer id once, without ourselves. */
export class MemberBoard {
  readonly #self: PeerId;
  readonly #listeners = new Set<() => void>();
  #members: readonly Member[] = [];

  constructor(init: { readonly self: PeerId }) {
    this.#self = init.self;
  }

  members(): readonly Member[] {
    return this.#members;
  }

  onChange(listener: () => void): Disposable {
    // Of its own, so that one who listens twice can stop once.
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  /** From now on these are the members; the first of those with one peer id counts. Tells it if something has changed. */
  replace(members: Iterable<Member>): void {
    const byPeer = new Map<PeerId, Member>();
    for (const member of members) {
      if (member.peerId !== this.#self && !byPeer.has(member.peerId)) byPeer.set(member.peerId, member);
    }
    const next = [...byPeer.values()].sort((a, b) => (a.peerId < b.peerId ? -1 : 1));
    if (areSame(this.#members, next)) return;
    this.#members = next;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#listeners.clear();
  }
}

function areSame(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every((member, index) => isSame(member, b[index]));
}

function isSame(a: Member, b: Member | undefined): boolean {
  return a.peerId === b?.peerId && a.host === b.host && a.port === b.port && a.zone === b.zone;
}
