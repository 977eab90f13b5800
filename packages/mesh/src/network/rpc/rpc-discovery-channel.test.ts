import { expect, it } from "vitest";
import { BloomFilter } from "../../discovery/hashes/bloom-filter.ts";
import { type DiscoveryRequests, digestList, digestOf, type SummaryAnswer } from "../../discovery/index.ts";
import type { PeerId } from "../../ports.ts";
import { somePathHash } from "../twins/path-infos.ts";
import { startTestMesh } from "../twins/test-mesh.ts";
import { RPC_PROTOCOL } from "./rpc-channel.ts";
import { discoveryHandlers, RpcDiscoveryChannel } from "./rpc-discovery-channel.ts";
import { RpcPeers } from "./rpc-peers.ts";
import { RpcServer } from "./rpc-server.ts";

const signal = new AbortController().signal;
const digests = digestList([1, 2, 3].map((number) => digestOf(somePathHash(number))));
const delta = { epoch: 7, fromVersion: 2 ** 32 - 2, toVersion: 2 ** 32 - 1, added: digests, removed: digests };

it("discovery's questions and answers arrive as they were sent, with the name of who asked", async () => {
  const asked: unknown[] = [];
  const answers: SummaryAnswer[] = [
    { kind: "current" },
    { kind: "delta", delta },
    { kind: "summary", summary: { epoch: 1, version: 0, filter: BloomFilter.forPaths(100_000), removed: digests } },
  ];
  let holders: readonly (readonly PeerId[])[] = [];
  const requests: DiscoveryRequests = {
    fetchSummary: (...question) => {
      asked.push(question);
      return answers[asked.length - 1] ?? { kind: "current" };
    },
    takeDelta: (...question) => void asked.push(question),
    takeAnnouncement: (...question) => {
      asked.push(question);
      return question[1].sequence === 0 ? "applied" : "resend";
    },
    query: (...question) => {
      asked.push(question);
      return holders;
    },
  };
  const server = new RpcServer(new Map(discoveryHandlers(requests)));
  await using mesh = await startTestMesh([
    {},
    {
      prepare: (node) => node.handle(RPC_PROTOCOL, (...stream) => server.serve(...stream), { maxInboundStreams: 1 }),
    },
  ]);
  const [first, second] = mesh.nodes.map(({ node }) => node);
  if (first === undefined || second === undefined) throw new Error("two nodes were started");
  using peers = new RpcPeers(first);
  const channel = new RpcDiscoveryChannel(peers);
  const known = { epoch: 2 ** 32 - 1, version: 0 };
  holders = [[first.peerId, second.peerId], [], [second.peerId]];

  expect(plain(await channel.fetchSummary(second.peerId, undefined, signal))).toEqual(plain(answers[0]));
  expect(plain(await channel.fetchSummary(second.peerId, known, signal))).toEqual(plain(answers[1]));
  expect(plain(await channel.fetchSummary(second.peerId, known, signal))).toEqual(plain(answers[2]));
  await channel.pushDelta(second.peerId, delta, signal);
  const announcement = { epoch: 3, sequence: 0, added: digests, removed: digests };
  expect(await channel.announce(second.peerId, announcement, signal)).toBe("applied");
  expect(await channel.announce(second.peerId, { ...announcement, sequence: 1 }, signal)).toBe("resend");
  expect(await channel.query(second.peerId, digests, signal)).toEqual(holders);
  const from = first.peerId;
  const questions = [
    [from, undefined],
    [from, known],
    [from, known],
    [from, delta],
    [from, announcement],
    [from, { ...announcement, sequence: 1 }],
    [from, digests],
  ];
  expect(plain(asked)).toEqual(plain(questions));
});

/** A Buffer is as good as any other bytes. */
function plain(value: unknown): unknown {
  return structuredClone(value);
}
