import { expect, it } from "vitest";
import type { WantReport, WantVerdict } from "../../coordination/ports.ts";
import { testPaths } from "../../discovery/twins/test-paths.ts";
import type { PeerId } from "../../ports.ts";
import { converse, serving } from "../twins/rpc-conversation.ts";
import { RpcWantChannel, wantHandler } from "./rpc-want-channel.ts";

const signal = new AbortController().signal;

it("reports to an owner and its verdicts arrive as they were sent, with the name of who asked", async () => {
  const asked: (readonly [PeerId, readonly WantReport[]])[] = [];
  const want = (from: PeerId, reports: readonly WantReport[]): readonly WantVerdict[] => {
    asked.push([from, reports]);
    return reports.map((_, index) => (index === 0 ? { kind: "fetch" } : { kind: "tail", peers: [from] }));
  };
  await using talk = await converse(serving([wantHandler({ want })]));
  const channel = new RpcWantChannel(talk.peers);
  const reports = testPaths(4_096).map((path, index): WantReport => ({ path, role: "tailing", haveBytes: index }));
  const verdicts = await channel.want(talk.peer, reports, signal);
  expect(asked).toEqual([[talk.self, reports]]);
  expect(verdicts.slice(0, 2)).toEqual([{ kind: "fetch" }, { kind: "tail", peers: [talk.self] }]);
  expect(verdicts).toHaveLength(4_096);
});
