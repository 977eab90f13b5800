import { MemberView, type MemberViews, type PeerId } from "@niphas/mesh";

/** The membership as all nodes see it, at the same time: one view for thousands of them. */
export class SharedViews implements MemberViews {
  #view: MemberView;
  readonly #listeners = new Set<() => void>();

  constructor(peers: Iterable<PeerId>) {
    this.#view = MemberView.of(peers);
  }

  current(): MemberView {
    return this.#view;
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  set(peers: Iterable<PeerId>): void {
    this.#view = this.#view.changedTo(peers);
    for (const listener of [...this.#listeners]) listener();
  }
}
