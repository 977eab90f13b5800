import type { Member, PeerId } from "../../ports.ts";
import { MemberBoard } from "../member-board.ts";
import type { ObservedMembership } from "../ports.ts";

/** Members that are named once and for all. */
export class StaticMembership implements ObservedMembership {
  readonly problem = undefined;
  readonly zone = undefined;
  readonly #board: MemberBoard;

  /** @param init.members may name ourselves: one list for all machines */
  constructor(init: { readonly self: PeerId; readonly members: readonly Member[] }) {
    this.#board = new MemberBoard(init);
    this.#board.replace(init.members);
  }

  /** They are known already. */
  start(): void {}

  members(): readonly Member[] {
    return this.#board.members();
  }

  onChange(listener: () => void): Disposable {
    return this.#board.onChange(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#board.close();
  }
}
