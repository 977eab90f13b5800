import { ManualClock } from "@niphas/service";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Member, Membership, PathHash, PeerId } from "../ports.ts";
import { ClusterDiscovery } from "./cluster-discovery.ts";
import { MembershipViews } from "./members/member-views.ts";
import { MemoryNetwork } from "./twins/memory-network.ts";
import { MemoryOwnPaths } from "./twins/memory-own-paths.ts";
import { testPath, testPaths, testPeer } from "./twins/test-paths.ts";

const never = new AbortController().signal;

class TestMembership implements Membership {
  readonly #listeners = new Set<() => void>();
  readonly #self: PeerId;
  #peers: readonly PeerId[];

  constructor(self: PeerId, peers: readonly PeerId[]) {
    this.#self = self;
    this.#peers = peers;
  }

  members(): readonly Member[] {
    const others = this.#peers.filter((peer) => peer !== this.#self);
    return others.map((peerId) => ({ peerId, host: "localhost", port: 1, zone: undefined }));
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  set(peers: readonly PeerId[]): void {
    this.#peers = peers;
    for (const listener of this.#listeners) listener();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

interface TestNode {
  readonly peer: PeerId;
  readonly membership: TestMembership;
  readonly paths: MemoryOwnPaths;
  readonly discovery: ClusterDiscovery;
}

let clock: ManualClock;
let network: MemoryNetwork;
let nodes: TestNode[];

beforeEach(() => {
  clock = new ManualClock();
  network = new MemoryNetwork();
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map(({ discovery }) => discovery[Symbol.asyncDispose]()));
});

function peersUpTo(count: number): PeerId[] {
  return Array.from({ length: count }, (_, index) => testPeer(index));
}

function start(index: number, memberCount: number, ...held: readonly PathHash[]): TestNode {
  const peer = testPeer(index);
  const membership = new TestMembership(peer, peersUpTo(memberCount));
  const paths = new MemoryOwnPaths();
  paths.add(...held);
  let state = index;
  const random = (): number => {
    state = (state * 16_807 + 11) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const discovery = new ClusterDiscovery(
    {
      views: new MembershipViews({ membership }, { self: peer }),
      reachability: network.reachabilityOf(peer),
      channel: network.channelOf(peer),
      paths,
      clock,
      random,
    },
    { self: peer },
  );
  network.join(peer, discovery);
  const node = { peer, membership, paths, discovery };
  nodes.push(node);
  return node;
}

function startAll(count: number): TestNode[] {
  return Array.from({ length: count }, (_, index) => start(index, count, testPath(index)));
}

function setLost(index: number, isLost: boolean): void {
  for (const { peer } of nodes) if (peer !== testPeer(index)) network.setLost(peer, testPeer(index), isLost);
}

async function holders(node: TestNode, path: PathHash): Promise<readonly PeerId[]> {
  await Promise.all([node.discovery.lookUp([path], never), clock.advance(0)]);
  return node.discovery.of(path).toSorted();
}

/** Both ways must promise the same. */
describe.each([
  { mode: "summaries", count: 8 },
  { mode: "rendezvous", count: 260 },
])("discovery by $mode", ({ mode, count }) => {
  it("knows who holds a path, and that nobody does", async () => {
    const [first] = startAll(count);
    await clock.advance(2000);
    if (first === undefined) return expect.fail();
    expect(first.discovery.mode).toBe(mode);
    expect(await holders(first, testPath(5))).toEqual([testPeer(5)]);
    expect(await holders(first, testPath(99_999))).toEqual([]);
  });

  it("hears of what comes and goes within two seconds", async () => {
    const [first, second] = startAll(count);
    await clock.advance(2000);
    if (first === undefined || second === undefined) return expect.fail();
    expect(await holders(first, testPath(1000))).toEqual([]);
    second.paths.add(testPath(1000));
    await clock.advance(2000);
    expect(await holders(first, testPath(1000))).toEqual([second.peer]);
    second.paths.remove(testPath(1000));
    await clock.advance(2000);
    expect(await holders(first, testPath(1000))).toEqual([]);
  });

  it("forgets what a lost peer said at once, and knows it again when it is back", async () => {
    const [first] = startAll(count);
    await clock.advance(2000);
    if (first === undefined) return expect.fail();
    setLost(5, true);
    expect(await holders(first, testPath(5))).toEqual([]);
    await clock.advance(10_000);
    expect(await holders(first, testPath(5))).toEqual([]);
    setLost(5, false);
    await clock.advance(2000);
    expect(await holders(first, testPath(5))).toEqual([testPeer(5)]);
  });

  it("forgets who is no member any more", async () => {
    const [first] = startAll(count);
    await clock.advance(2000);
    for (const { membership } of nodes) membership.set(peersUpTo(count).filter((peer) => peer !== testPeer(5)));
    await clock.advance(100);
    if (first === undefined) return expect.fail();
    expect(await holders(first, testPath(5))).toEqual([]);
  });

  it("ends a lookup when it is cancelled", async () => {
    const [first] = startAll(count);
    if (first === undefined) return expect.fail();
    const lookUp = first.discovery.lookUp([testPath(3)], AbortSignal.abort());
    await expect(lookUp).rejects.toMatchObject({ code: "Cancelled" });
  });

  it("leaves no timer behind", async () => {
    startAll(count);
    await clock.advance(500);
    await Promise.all(nodes.map(({ discovery }) => discovery[Symbol.asyncDispose]()));
    await clock.advance(30_000);
    expect(clock.timerCount).toBe(0);
  });
});

describe("discovery", () => {
  it("finds every path all the while when the cluster grows past the threshold and shrinks again", async () => {
    for (let index = 0; index < 270; index++) start(index, 150, testPath(index));
    await clock.advance(5000);
    const first = nodes[0] ?? expect.fail();
    for (const count of [270, 150]) {
      for (const { membership } of nodes) membership.set(peersUpTo(count));
      for (const waitMs of [0, 1000, 40_000]) {
        await clock.advance(waitMs);
        expect(await holders(first, testPath(7))).toEqual([testPeer(7)]);
      }
      expect(first.discovery.mode).toBe(count === 270 ? "rendezvous" : "summaries");
    }
  });

  it("asks for a path that it does not know in the background, so that the next answer has it", async () => {
    startAll(260);
    await clock.advance(2000);
    const first = nodes[0] ?? expect.fail();
    const unknown = testPaths(20).filter((path) => first.discovery.of(path).length === 0);
    await clock.advance(10);
    for (const path of unknown.slice(1)) expect(first.discovery.of(path)).toHaveLength(1);
  });

  it("asks each keeper one question for many paths", async () => {
    startAll(260);
    await clock.advance(2000);
    const first = nodes[0] ?? expect.fail();
    const before = network.questionCount;
    await Promise.all([
      first.discovery.lookUp(testPaths(200), never),
      first.discovery.lookUp(testPaths(200), never),
      clock.advance(0),
    ]);
    expect(network.questionCount - before).toBeLessThan(200);
    expect(testPaths(199, 1).every((path) => first.discovery.of(path).length === 1)).toBe(true);
  });

  it("takes no announcement of who is no member", () => {
    const first = start(0, 3);
    const announcement = { epoch: 1, sequence: 0, added: new Uint8Array(0), removed: new Uint8Array(0) };
    expect(first.discovery.takeAnnouncement(testPeer(77), announcement as never)).toBe("resend");
  });
});
