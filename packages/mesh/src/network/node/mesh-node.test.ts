import { createServer } from "node:net";
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { Stream } from "@libp2p/interface";
import { NiphasError } from "@niphas/core";
import { freePort, waitUntil } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { CONNECTION_LIMITS } from "../limits.ts";
import { introduce, startTestMesh, startTestNode, type TestNode, type TestNodeInit } from "../twins/test-mesh.ts";
import type { MeshNode } from "./mesh-node.ts";

const PROTOCOL = "/test/1";
const never = new AbortController().signal;

/** Ends each stream at once. */
const answering: TestNodeInit = {
  prepare: (node) => node.handle(PROTOCOL, async () => undefined, { maxInboundStreams: 4 }),
};

async function canTalk(from: TestNode, to: TestNode): Promise<boolean> {
  try {
    const stream = await from.node.openStream(to.node.peerId, PROTOCOL, never);
    await stream.close();
    return true;
  } catch {
    return false;
  }
}

describe("a node of the mesh", () => {
  it.each(["tls", "noise"] as const)("connects to members over %s by itself", async (encryption) => {
    await using mesh = await startTestMesh([{ encryptions: [encryption] }, { encryptions: [encryption] }]);
    const [first, second] = both(mesh.nodes);
    await waitUntil("the connection", () => first.node.isConnected(second.node.peerId));
    await waitUntil("the connection", () => second.node.isConnected(first.node.peerId));
    expect(first.node.isLost(second.node.peerId)).toBe(false);
  });

  it("agrees on noise with a node that has no TLS", async () => {
    await using mesh = await startTestMesh([answering, { ...answering, encryptions: ["noise"] }]);
    const [first, second] = both(mesh.nodes);
    expect(await canTalk(first, second)).toBe(true);
    expect(await canTalk(second, first)).toBe(true);
  });

  it("calls its handler once for each stream", async () => {
    let calls = 0;
    const prepare = (node: MeshNode): Promise<void> =>
      node.handle(PROTOCOL, async () => void calls++, { maxInboundStreams: 4 });
    await using mesh = await startTestMesh([{}, { prepare }]);
    const [first, second] = both(mesh.nodes);
    for (let count = 0; count < 5; count++) await canTalk(first, second);
    await waitUntil("five calls", () => calls >= 5);
    expect(calls).toBe(5);
  });

  it("refuses streams beyond a protocol's limit and keeps the others", async () => {
    const held = Promise.withResolvers<void>();
    const prepare = (node: MeshNode): Promise<void> =>
      node.handle(PROTOCOL, () => held.promise, { maxInboundStreams: 4 });
    await using mesh = await startTestMesh([{}, { prepare }]);
    const [first, second] = both(mesh.nodes);
    // The limit is each connection's: when both sides dial there are two.
    await waitUntil("the connection", () => first.node.isConnected(second.node.peerId));
    const streams: Stream[] = [];
    for (let count = 0; count < 8; count++) {
      streams.push(await first.node.openStream(second.node.peerId, PROTOCOL, never));
    }
    await waitUntil("refusals", () => streams.filter((stream) => stream.status === "reset").length === 4);
    held.resolve();
  });

  it("says that an address is taken", async () => {
    await using first = await startTestNode();
    await expect(startTestNode({ port: first.member.port })).rejects.toMatchObject({ code: "InvalidConfiguration" });
  });
});

describe("a stranger", () => {
  it("can open no stream, though it knows address and peer id", async () => {
    let calls = 0;
    const prepare = (node: MeshNode): Promise<void> =>
      node.handle(PROTOCOL, async () => void calls++, { maxInboundStreams: 4 });
    await using host = await startTestNode({ prepare });
    await using stranger = await startTestNode();
    stranger.membership.set([host.member]);
    await expect(stranger.node.openStream(host.node.peerId, PROTOCOL, never)).rejects.toThrow(NiphasError);
    expect(host.node.isConnected(stranger.node.peerId)).toBe(false);
    expect(calls).toBe(0);
  });

  it("is not dialled", async () => {
    await using mesh = await startTestMesh([answering, answering]);
    await using stranger = await startTestNode(answering);
    const [first] = both(mesh.nodes);
    await expect(first.node.openStream(stranger.node.peerId, PROTOCOL, never)).rejects.toThrow("not a member");
  });

  it("with another's address is not taken for that member", async () => {
    await using mesh = await startTestMesh([answering, answering]);
    await using impostor = await startTestNode(answering);
    const [first, second] = both(mesh.nodes);
    first.membership.set([{ ...second.member, peerId: second.member.peerId, port: impostor.member.port }]);
    impostor.membership.set([first.member]);
    await waitUntil("no connection to the impostor", () => !impostor.node.isConnected(first.node.peerId));
    expect(first.node.isConnected(impostor.node.peerId)).toBe(false);
  });
});

describe("two trust groups", () => {
  const secret = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
  const groups = [
    { name: "blue", secret: undefined },
    { name: "red", secret: undefined },
    { name: "red", secret: secret(1) },
    { name: "red", secret: secret(2) },
  ];

  it.each([
    "tls",
    "noise",
  ] as const)("never connect over %s, though both list the other's nodes", async (encryption) => {
    const inits = groups.map((trustGroup) => ({ ...answering, trustGroup, encryptions: [encryption] }));
    await using mesh = await startTestMesh(inits);
    for (const from of mesh.nodes) {
      for (const to of mesh.nodes.filter((node) => node !== from)) {
        expect(await canTalk(from, to)).toBe(false);
        expect(from.node.isConnected(to.node.peerId)).toBe(false);
      }
    }
  });

  it("connect when name and secret are the same", async () => {
    const trustGroup = { name: "red", secret: secret(1) };
    await using mesh = await startTestMesh([
      { ...answering, trustGroup },
      { ...answering, trustGroup },
    ]);
    const [first, second] = both(mesh.nodes);
    expect(await canTalk(first, second)).toBe(true);
  });
});

describe("a change of the membership", () => {
  it("cuts a removed member off, with its streams", async () => {
    const prepare = (node: MeshNode): Promise<void> =>
      node.handle(PROTOCOL, (_stream, _peer, signal) => gone(signal), { maxInboundStreams: 4 });
    await using mesh = await startTestMesh([{}, { prepare }]);
    const [first, second] = both(mesh.nodes);
    const stream = await first.node.openStream(second.node.peerId, PROTOCOL, never);
    second.membership.set([]);
    await waitUntil("the stream's end", () => stream.status !== "open");
    expect(second.node.isConnected(first.node.peerId)).toBe(false);
    expect(await canTalk(first, second)).toBe(false);
  });

  it("connects a new member", async () => {
    await using mesh = await startTestMesh([{}, {}]);
    await using third = await startTestNode();
    introduce([...mesh.nodes, third]);
    for (const { node } of mesh.nodes) {
      await waitUntil("the new member", () => node.isConnected(third.node.peerId));
    }
  });

  it("follows a member to its new address", async () => {
    const privateKey = await generateKeyPair("Ed25519");
    await using first = await startTestNode();
    const old = await startTestNode({ privateKey });
    introduce([first, old]);
    await waitUntil("the connection", () => first.node.isConnected(old.node.peerId));
    await using moved = await startTestNode({ ...answering, privateKey });
    moved.membership.set([first.member]);
    first.membership.set([moved.member]);
    await old.node.stop();
    await waitUntil("the new connection", () => canTalk(first, moved));
  });

  it("tells who is lost and found again", async () => {
    const privateKey = await generateKeyPair("Ed25519");
    await using first = await startTestNode();
    const second = await startTestNode({ privateKey });
    introduce([first, second]);
    await waitUntil("the connection", () => first.node.isConnected(second.node.peerId));
    const seen: boolean[] = [];
    using _watch = first.node.onChange((peer) => seen.push(first.node.isLost(peer)));
    await second.node.stop();
    await waitUntil("the loss", () => seen.includes(true));
    await using again = await startTestNode({ privateKey, port: second.member.port });
    again.membership.set([first.member]);
    await waitUntil("the return", () => !first.node.isLost(again.node.peerId));
    expect(seen[0]).toBe(true);
    expect(seen.at(-1)).toBe(false);
  });
});

describe("a dead peer", () => {
  it("costs one dial and is known as down from then on", async () => {
    await using first = await startTestNode();
    await using silent = await silentServer();
    const dead = { peerId: (await unusedMember()).peerId, host: "127.0.0.1", port: silent.port, zone: undefined };
    first.membership.set([dead]);
    await expect(first.node.openStream(dead.peerId, PROTOCOL, never)).rejects.toThrow("cannot be reached");
    expect(first.node.isLost(dead.peerId)).toBe(true);
    const dials = silent.connections();
    for (let count = 0; count < 100; count++) {
      await expect(first.node.openStream(dead.peerId, PROTOCOL, never)).rejects.toThrow("down");
    }
    expect(silent.connections()).toBe(dials);
    expect(CONNECTION_LIMITS.dialTimeoutMs).toBeLessThanOrEqual(1_500);
  });

  it("is up again as soon as it dials us", async () => {
    const privateKey = await generateKeyPair("Ed25519");
    await using first = await startTestNode();
    const port = await freePort();
    const peerId = (await unusedMember(privateKey)).peerId;
    first.membership.set([{ peerId, host: "127.0.0.1", port, zone: undefined }]);
    await waitUntil("a failed dial", () => first.node.isLost(peerId));
    await using second = await startTestNode({ ...answering, privateKey, port });
    second.membership.set([first.member]);
    await waitUntil("its call", () => !first.node.isLost(peerId));
    expect(await canTalk(first, second)).toBe(true);
  });
});

describe("twenty nodes", () => {
  it("connect again at once with one that restarts, again and again", async () => {
    const privateKey = await generateKeyPair("Ed25519");
    await using stack = new AsyncDisposableStack();
    const nodes: TestNode[] = [];
    for (let count = 0; count < 20; count++) nodes.push(stack.use(await startTestNode()));
    let port = 0;
    for (let restarts = 0; restarts < 3; restarts++) {
      await using hub = await startTestNode({ privateKey, port });
      port = hub.member.port;
      hub.membership.set(nodes.map(({ member }) => member));
      for (const { membership } of nodes) membership.set([hub.member]);
      await waitUntil("all nodes", () => nodes.every(({ node }) => node.isConnected(hub.node.peerId)));
    }
  });
});

function both(nodes: readonly TestNode[]): readonly [TestNode, TestNode] {
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error("a mesh of two was expected");
  return [first, second];
}

function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function unusedMember(privateKey?: Awaited<ReturnType<typeof generateKeyPair>>): Promise<TestNode["member"]> {
  await using node = await startTestNode(privateKey === undefined ? {} : { privateKey });
  return node.member;
}

/** Takes connections and says nothing, as a frozen process does. */
async function silentServer(): Promise<AsyncDisposable & { readonly port: number; connections(): number }> {
  let connections = 0;
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
