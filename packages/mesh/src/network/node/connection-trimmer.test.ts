import { setTimeout as sleep } from "node:timers/promises";
import type { Stream } from "@libp2p/interface";
import { waitUntil } from "@niphas/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { startTestMesh, type TestMesh, type TestNode } from "../twins/test-mesh.ts";

const LONG_LIVED = "/test/questions/1";
const WORK = "/test/work/1";
const OTHERS = 5;
const KEPT = 2;
const IDLE_MS = 300;
const never = new AbortController().signal;

let mesh: TestMesh;
let hub: TestNode;
let others: readonly TestNode[];
let important: ReadonlySet<PeerId>;

/** A mesh that is large for its rules: one node that all others talk to. */
beforeEach(async () => {
  important = new Set();
  const prepare = async (node: TestNode["node"]): Promise<void> => {
    await node.handle(LONG_LIVED, () => untilStopped, { maxInboundStreams: 4, isLongLived: true });
    await node.handle(WORK, () => untilStopped, { maxInboundStreams: 4 });
  };
  const isLarge = { eagerMembers: 1, keptConnections: 1000 };
  const importance = (peer: PeerId): number => (important.has(peer) ? 1 : 0);
  const hubRules = { ...isLarge, keptConnections: KEPT, idleMs: IDLE_MS, intervalMs: 50, importance };
  mesh = await startTestMesh([
    { prepare, connections: hubRules },
    ...Array.from({ length: OTHERS }, () => ({ prepare, connections: isLarge })),
  ]);
  const [first, ...rest] = mesh.nodes;
  if (first === undefined) throw new Error("a mesh has a first node");
  [hub, others] = [first, rest];
});
afterEach(() => mesh[Symbol.asyncDispose]());

const untilStopped = new Promise<void>(() => undefined);

/** On a busy machine a dial may take longer than it may, and is tried again. */
async function open(from: TestNode, to: TestNode, protocol: string): Promise<Stream> {
  const ask = (): Promise<Stream | undefined> =>
    from.node.openStream(to.node.peerId, protocol, never).catch(() => undefined);
  return await waitUntil("a stream", ask, { intervalMs: 200 });
}

/** From the hub to all others, with work on each, so that all stay until that ends. */
async function workWithAll(): Promise<readonly Stream[]> {
  const streams: Stream[] = [];
  for (const node of others) {
    streams.push(await open(hub, node, WORK));
    await open(hub, node, LONG_LIVED);
  }
  return streams;
}

function end(streams: readonly Stream[]): void {
  for (const stream of streams) stream.abort(new Error("done"));
}

function connected(): readonly TestNode[] {
  return others.filter(({ node }) => hub.node.isConnected(node.peerId));
}

describe("a node of a large mesh", () => {
  it("does not connect to members before it talks to them", () => {
    expect(connected()).toEqual([]);
  });

  it("closes idle connections until there are no more than are kept, and neither side takes the other for lost", async () => {
    const streams = await workWithAll();
    const losses: PeerId[] = [];
    for (const { node } of mesh.nodes) node.onChange((peer) => node.isLost(peer) && losses.push(peer));
    end(streams);
    await waitUntil("idle connections to be closed", () => connected().length <= KEPT);
    await waitUntil("the other side to see it", () => {
      return others.filter(({ node }) => node.isConnected(hub.node.peerId)).length <= KEPT;
    });
    expect(losses).toEqual([]);
  });

  it("connects again when there is something to say, from either side", async () => {
    end(await workWithAll());
    await waitUntil("idle connections to be closed", () => connected().length <= KEPT);
    const closed = others.filter((node) => !connected().includes(node));
    for (const [index, node] of closed.entries()) {
      await waitUntil("the other side to see it", () => !node.node.isConnected(hub.node.peerId));
      const stream = await (index % 2 === 0 ? open(hub, node, WORK) : open(node, hub, WORK));
      expect(stream.status).toBe("open");
    }
  });

  it("keeps those on which something goes on, however many, and closes them afterwards", async () => {
    const [first, ...busy] = await workWithAll();
    if (first === undefined) throw new Error("there are others");
    end([first]);
    await waitUntil("the one without work to be closed", () => connected().length === OTHERS - 1);
    expect(busy.every(({ status }) => status === "open")).toBe(true);
    end(busy);
    await waitUntil("idle connections to be closed", () => connected().length <= KEPT);
  });

  it("keeps those that are important, and of equals those that were used last", async () => {
    const last = others.at(-1);
    if (last === undefined) throw new Error("there are others");
    important = new Set(others.slice(0, 1).map(({ node }) => node.peerId));
    const streams = await workWithAll();
    // Until all are idle but for their work; this one always for less time than all others.
    await sleep(2 * IDLE_MS);
    const asking = setInterval(() => hub.node.noteUse(last.node.peerId), 10);
    try {
      end(streams);
      await waitUntil("idle connections to be closed", () => connected().length <= KEPT);
      expect(connected()).toEqual([others[0], last]);
    } finally {
      clearInterval(asking);
    }
  });
});
