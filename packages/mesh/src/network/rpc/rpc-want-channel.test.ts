import { expect, it } from "vitest";
import type { WantReport, WantVerdict } from "../../coordination/ports.ts";
import { testPaths } from "../../discovery/twins/test-paths.ts";
import type { PeerId } from "../../ports.ts";
import { startTestMesh } from "../twins/test-mesh.ts";
import { RPC_PROTOCOL } from "./rpc-channel.ts";
import { RpcPeers } from "./rpc-peers.ts";
import { RpcServer } from "./rpc-server.ts";
import { RpcWantChannel, wantHandler } from "./rpc-want-channel.ts";

const signal = new AbortController().signal;

it("reports to an owner and its verdicts arrive as they were sent, with the name of who asked", async () => {
  const asked: (readonly [PeerId, readonly WantReport[]])[] = [];
  const want = (from: PeerId, reports: readonly WantReport[]): readonly WantVerdict[] => {
    asked.push([from, reports]);
    return reports.map((_, index) => (index === 0 ? { kind: "fetch" } : { kind: "tail", peers: [from] }));
  };
  const server = new RpcServer(new Map([wantHandler({ want })]));
  await using mesh = await startTestMesh([
    {},
    {
      prepare: (node) => node.handle(RPC_PROTOCOL, (...stream) => server.serve(...stream), { maxInboundStreams: 1 }),
    },
  ]);
  const [first, second] = mesh.nodes.map(({ node }) => node);
  if (first === undefined || second === undefined) throw new Error("two nodes were started");
  using peers = new RpcPeers(first);
  const channel = new RpcWantChannel(peers);
  const reports = testPaths(4_096).map((path, index): WantReport => ({ path, role: "tailing", haveBytes: index }));
  const verdicts = await channel.want(second.peerId, reports, signal);
  expect(asked).toEqual([[first.peerId, reports]]);
  expect(verdicts.slice(0, 2)).toEqual([{ kind: "fetch" }, { kind: "tail", peers: [first.peerId] }]);
  expect(verdicts).toHaveLength(4_096);
});
