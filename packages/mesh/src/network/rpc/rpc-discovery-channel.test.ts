import { expect, it } from "vitest";
import { BloomFilter } from "../../discovery/hashes/bloom-filter.ts";
import { type DiscoveryRequests, digestList, digestOf, type SummaryAnswer } from "../../discovery/index.ts";
import type { PeerId } from "../../ports.ts";
import { somePathHash } from "../twins/path-infos.ts";
import { converse, serving } from "../twins/rpc-conversation.ts";
import { discoveryHandlers, RpcDiscoveryChannel } from "./rpc-discovery-channel.ts";

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
  await using talk = await converse(serving(discoveryHandlers(requests)));
  const { self, peer } = talk;
  const channel = new RpcDiscoveryChannel(talk.peers);
  const known = { epoch: 2 ** 32 - 1, version: 0 };
  holders = [[self, peer], [], [peer]];

  expect(plain(await channel.fetchSummary(peer, undefined, signal))).toEqual(plain(answers[0]));
  expect(plain(await channel.fetchSummary(peer, known, signal))).toEqual(plain(answers[1]));
  expect(plain(await channel.fetchSummary(peer, known, signal))).toEqual(plain(answers[2]));
  await channel.pushDelta(peer, delta, signal);
  const announcement = { epoch: 3, sequence: 0, added: digests, removed: digests };
  expect(await channel.announce(peer, announcement, signal)).toBe("applied");
  expect(await channel.announce(peer, { ...announcement, sequence: 1 }, signal)).toBe("resend");
  expect(await channel.query(peer, digests, signal)).toEqual(holders);
  const questions = [
    [self, undefined],
    [self, known],
    [self, known],
    [self, delta],
    [self, announcement],
    [self, { ...announcement, sequence: 1 }],
    [self, digests],
  ];
  expect(plain(asked)).toEqual(plain(questions));
});

/** A Buffer is as good as any other bytes. */
function plain(value: unknown): unknown {
  return structuredClone(value);
}
