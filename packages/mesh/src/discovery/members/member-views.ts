import type { Membership, PeerId } from "../../ports.ts";
import { MemberView } from "./member-view.ts";

/** The present {@link MemberView}. A port, because a simulation shares one among all its nodes. */
export interface MemberViews {
  current(): MemberView;
  /** Calls `listener` after each change. Disposing ends it. */
  onChange(listener: () => void): Disposable;
}

/** Follows the membership and adds ourselves to it. */
export class MembershipViews implements MemberViews, Disposable {
  readonly #listeners = new Set<() => void>();
  readonly #subscription: Disposable;
  #view: MemberView;

  constructor(components: { readonly membership: Membership }, init: { readonly self: PeerId }) {
    const peers = (): PeerId[] => [init.self, ...components.membership.members().map(({ peerId }) => peerId)];
    this.#view = MemberView.of(peers());
    this.#subscription = components.membership.onChange(() => {
      this.#view = this.#view.changedTo(peers());
      for (const listener of [...this.#listeners]) listener();
    });
  }

  current(): MemberView {
    return this.#view;
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }
}
