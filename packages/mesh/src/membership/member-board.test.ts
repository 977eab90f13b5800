import { beforeAll, describe, expect, it } from "vitest";
import type { Member, PeerId } from "../ports.ts";
import { MemberBoard } from "./member-board.ts";
import { testMember, testPeerId } from "./twins/test-peers.ts";

let self: PeerId;
let members: readonly [Member, Member];
beforeAll(async () => {
  self = await testPeerId(0);
  const [a, b] = [await testPeerId(1), await testPeerId(2)];
  members = a < b ? [testMember(a, 1), testMember(b, 2)] : [testMember(b, 2), testMember(a, 1)];
});

function watched(): { readonly board: MemberBoard; readonly calls: () => number } {
  const board = new MemberBoard({ self });
  let count = 0;
  board.onChange(() => count++);
  return { board, calls: () => count };
}

describe("the members that a membership tells", () => {
  it("are sorted, without ourselves, each peer id once as it came first", () => {
    const { board } = watched();
    const [a, b] = members;
    board.replace([b, testMember(self, 9), a, { ...b, host: "10.9.9.9" }]);
    expect(board.members()).toEqual([a, b]);
  });

  it("are told when one joins, leaves, moves or changes its zone, and not otherwise", () => {
    const { board, calls } = watched();
    const [a, b] = members;
    const states = [[a], [b, a], [a, b], [a, { ...b, port: 1 }], [a, { ...b, zone: "z" }], [a]];
    const counts = states.map((state) => {
      board.replace(state);
      return calls();
    });
    expect(counts).toEqual([1, 2, 2, 3, 4, 5]);
  });

  it("are seen as they are by a listener, which can stop listening while it is told", () => {
    const board = new MemberBoard({ self });
    const seen: number[] = [];
    const listening = board.onChange(() => {
      seen.push(board.members().length);
      listening[Symbol.dispose]();
    });
    board.replace([members[0]]);
    board.replace(members);
    expect(seen).toEqual([1]);
  });
});
