import type { NiphasError } from "@niphas/core";
import type { Member, PeerId } from "../../ports.ts";
import { MemberBoard } from "../member-board.ts";
import type { ObservedMembership } from "../ports.ts";

/** A membership that a test changes. */
export class MemoryMembership implements ObservedMembership {
  problem: NiphasError | undefined;
  zone: string | undefined;
  readonly #board: MemberBoard;

  constructor(init: { readonly self: PeerId; readonly members?: readonly Member[] }) {
    this.#board = new MemberBoard(init);
    this.#board.replace(init.members ?? []);
  }

  /** From now on these are the members, as {@link MemberBoard.replace}. */
  set(members: readonly Member[]): void {
    this.#board.replace(members);
  }

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
