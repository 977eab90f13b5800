import { randomInt } from "node:crypto";
import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { Connection, MessageStream, Stream } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { SeededRandom, waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { groupKey } from "../admission/trust-group.ts";
import { peerIdText } from "../identity/peer-id.ts";
import { NarClient } from "../nars/nar-client.ts";
import { NAR_PROTOCOL, NarServer } from "../nars/nar-server.ts";
import { createNode } from "../node/libp2p-node.ts";
import { memberAddress } from "../node/member-address.ts";
import { CLOSURE, HAVE } from "../rpc/query-kinds.ts";
import { handler } from "../rpc/request-kind.ts";
import { RPC_PROTOCOL } from "../rpc/rpc-channel.ts";
import { RpcPeerQueries } from "../rpc/rpc-peer-queries.ts";
import { RpcPeers } from "../rpc/rpc-peers.ts";
import { RpcServer } from "../rpc/rpc-server.ts";
import { frame } from "../streams/frames.ts";
import { somePathHash, somePathInfo } from "../twins/path-infos.ts";
import { introduce, OPEN_GROUP, startTestNode, type TestNode } from "../twins/test-mesh.ts";
import { encodeNarAnswer, encodeNarRequest } from "../wire/nar-messages.ts";
import { encodeRpcFrame } from "../wire/rpc-frame.ts";
import { inRandomPieces, mutated } from "./mutations.ts";

/** More rounds, or a run again: NIPHAS_FUZZ_ROUNDS, NIPHAS_FUZZ_SEED. */
const ROUNDS = Number(process.env["NIPHAS_FUZZ_ROUNDS"] ?? 150);
const SEED = Number(process.env["NIPHAS_FUZZ_SEED"] ?? randomInt(2 ** 31));
const MIB = 1024 * 1024;

const signal = new AbortController().signal;
const request = { path: somePathHash(1), narHash: somePathInfo(1).narHash, range: { start: 0, end: 1000 } };
const payload = CLOSURE.encodeQuestion({ path: somePathHash(1), known: [somePathHash(2)] });

const QUESTIONS = [
  frame(encodeRpcFrame({ type: "request", requestId: 1, kind: CLOSURE.id, payload, deadlineMs: 100 })),
  frame(
    encodeRpcFrame({
      type: "request",
      requestId: 2,
      kind: HAVE.id,
      payload: HAVE.encodeQuestion([somePathHash(1)]),
      deadlineMs: 100,
    }),
  ),
  frame(encodeRpcFrame({ type: "cancel", requestId: 1 })),
  frame(encodeRpcFrame({ type: "ping" })),
  frame(encodeNarRequest(request)),
];
const ANSWERS = [
  frame(encodeRpcFrame({ type: "hello", maxRequests: 8 })),
  frame(encodeRpcFrame({ type: "answer", requestId: 1, payload: CLOSURE.encodeAnswer([somePathInfo(1)]), last: true })),
  frame(encodeRpcFrame({ type: "answer", requestId: 1, payload: HAVE.encodeAnswer([somePathHash(1)]), last: false })),
  frame(encodeRpcFrame({ type: "failure", requestId: 1, reason: 3 })),
  frame(encodeRpcFrame({ type: "pong" })),
  Buffer.concat([frame(encodeNarAnswer({ kind: "bytes", end: 1000 })), Buffer.alloc(1000)]),
  frame(encodeNarAnswer({ kind: "busy", retryWith: [] })),
  frame(encodeNarAnswer({ kind: "gone" })),
];

let openBodies = 0;
let daemon: TestNode;
let friend: TestNode;
let stack: AsyncDisposableStack;
let queries: RpcPeerQueries;
let nars: NarClient;
const bugs: unknown[] = [];
const onBug = (error: unknown): void => void bugs.push(error);

beforeAll(async () => {
  process.on("uncaughtExceptionMonitor", onBug);
  stack = new AsyncDisposableStack();
  const server = new RpcServer(
    new Map([handler(CLOSURE, () => [somePathInfo(1)]), handler(HAVE, (_, paths) => paths)]),
  );
  const narServer = new NarServer(
    {
      source: {
        open: async ({ range }) => ({ kind: "bytes", end: range.end, body: zeros(range.end - range.start) }),
        hints: () => [],
      },
    },
    { uploadSlots: 4 },
  );
  daemon = stack.use(
    await startTestNode({
      prepare: async (node) => {
        await node.handle(RPC_PROTOCOL, (...stream) => server.serve(...stream), { maxInboundStreams: 1 });
        await node.handle(NAR_PROTOCOL, (...stream) => narServer.serve(...stream), { maxInboundStreams: 8 });
      },
    }),
  );
  friend = stack.use(await startTestNode());
  introduce([daemon, friend]);
  queries = new RpcPeerQueries(stack.use(new RpcPeers(friend.node)));
  nars = stack.use(new NarClient(friend.node));
});

afterAll(async () => {
  await stack.disposeAsync();
  process.off("uncaughtExceptionMonitor", onBug);
});

async function* zeros(sizeBytes: number): AsyncGenerator<Uint8Array> {
  openBodies++;
  try {
    for (let left = sizeBytes; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536));
  } finally {
    openBodies--;
  }
}

/** It has not thrown, not stopped, not kept anything. */
async function expectDaemonIsWell(): Promise<void> {
  expect(await queries.have(daemon.node.peerId, [somePathHash(3)], signal)).toEqual([somePathHash(3)]);
  const answer = await nars.read(daemon.node.peerId, request, signal);
  if (answer.kind !== "bytes") throw new Error(`bytes were expected: ${answer.kind}`);
  let sizeBytes = 0;
  for await (const piece of answer.body) sizeBytes += piece.byteLength;
  expect(sizeBytes).toBe(1000);
  await waitUntil("the end of all reading", () => openBodies === 0);
  expect(bugs).toEqual([]);
}

function memoryBytes(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** An attacker that the daemon takes for a member. */
async function startMember(): Promise<TestNode> {
  const member = await startTestNode();
  member.membership.set([daemon.member]);
  daemon.membership.set([friend.member, member.member]);
  return member;
}

it(`no questions make a daemon throw, grow or stop (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED);
  await using attacker = await startMember();
  const before = memoryBytes();
  for (let round = 0; round < ROUNDS; round++) {
    const protocol = random.below(2) === 0 ? RPC_PROTOCOL : NAR_PROTOCOL;
    const stream = await attacker.node.openStream(daemon.node.peerId, protocol, signal).catch(() => undefined);
    if (stream === undefined) continue;
    for (let count = 1 + random.below(8); count > 0; count--)
      await sendPieces(stream, mutated(QUESTIONS, random), random);
    if (random.below(2) === 0) stream.abort(new Error("done"));
    else stream.close().catch(() => undefined);
    if (round % 25 === 0) await expectDaemonIsWell();
  }
  await expectDaemonIsWell();
  expect(memoryBytes() - before).toBeLessThan(128 * MIB);
});

it(`no answers make a daemon throw, grow or stop (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED + 1);
  const answer = async (stream: Stream): Promise<void> => {
    for (let count = 1 + random.below(6); count > 0; count--)
      await sendPieces(stream, mutated(ANSWERS, random), random);
    if (random.below(2) === 0) throw new Error("broken");
  };
  await using evil = await startTestNode({
    prepare: async (node) => {
      await node.handle(RPC_PROTOCOL, answer, { maxInboundStreams: 12 });
      await node.handle(NAR_PROTOCOL, answer, { maxInboundStreams: 12 });
    },
  });
  await using asker = await startTestNode();
  introduce([evil, asker]);
  const before = memoryBytes();
  for (let round = 0; round < ROUNDS / 3; round++) {
    using peers = new RpcPeers(asker.node);
    using client = new NarClient(asker.node);
    const asked = new RpcPeerQueries(peers);
    const work = [
      asked.closure(evil.node.peerId, somePathHash(1), [], signal),
      asked.have(evil.node.peerId, [somePathHash(1)], signal),
      client.read(evil.node.peerId, request, signal).then(async (outcome) => {
        if (outcome.kind === "bytes") for await (const _ of outcome.body);
      }),
    ];
    for (const outcome of await Promise.allSettled(work)) {
      if (outcome.status === "rejected") {
        expect(["SubstituterUnavailable", "BadBytes"]).toContain(outcome.reason.code);
      }
    }
  }
  expect(bugs).toEqual([]);
  expect(memoryBytes() - before).toBeLessThan(128 * MIB);
});

it(`no bytes below the streams make a daemon throw, grow or stop (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED + 2);
  const before = memoryBytes();
  for (let round = 0; round < ROUNDS / 10; round++) {
    await using attacker = await startRawMember();
    const connection = await attacker.dial().catch(() => undefined);
    if (connection === undefined) continue;
    for (let count = 0; count < 20; count++) send(encryptedOf(connection), muxerBytes(random));
    await turn();
    await waitUntil("the end of the connection", () => connection.status !== "open" || random.below(2) === 0);
  }
  await expectDaemonIsWell();
  expect(memoryBytes() - before).toBeLessThan(128 * MIB);
});

it(`no bytes of a stranger make a daemon throw, grow or stop (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED + 3);
  const hello = Buffer.from("\x13/multistream/1.0.0\n");
  const list = Buffer.from("\x03ls\n");
  const before = memoryBytes();
  for (let round = 0; round < ROUNDS / 5; round++) {
    const socket = connect({ host: "127.0.0.1", port: daemon.member.port });
    socket.on("error", () => undefined);
    const flood = Buffer.concat([hello, ...Array.from({ length: 20_000 }, () => list)]);
    socket.write(random.below(3) === 0 ? flood : mutated([hello, list, flood.subarray(0, 300)], random));
    if (random.below(2) === 0) await waitUntil("the end of the socket", () => socket.closed || random.below(4) === 0);
    socket.destroy();
  }
  await expectDaemonIsWell();
  expect(memoryBytes() - before).toBeLessThan(128 * MIB);
});

it("a frame of four gigabytes ends its connection at once", async () => {
  await using attacker = await startRawMember();
  const connection = await attacker.dial();
  const header = Buffer.alloc(12);
  header.writeUInt32BE(1, 4);
  header.writeUInt32BE(0xffff_ffff, 8);
  send(encryptedOf(connection), header);
  await waitUntil("the end of the connection", () => connection.status !== "open");
  await expectDaemonIsWell();
});

it.each([
  ["pings", 2],
  ["streams", 1],
])("%s without end, to whose answers nobody listens, end their connection", async (_, type) => {
  await using attacker = await startRawMember();
  const connection = await attacker.dial();
  const encrypted = encryptedOf(connection);
  encrypted.pause();
  const frames = Array.from({ length: 10_000 }, (_none, index) => {
    const frameBytes = Buffer.alloc(12);
    frameBytes[1] = type;
    frameBytes[3] = 1;
    if (type === 1) frameBytes.writeUInt32BE(2 * index + 1, 4);
    return frameBytes;
  });
  send(encrypted, Buffer.concat(frames));
  await waitUntil("the end of the connection", () => !daemon.node.isConnected(attacker.peerId));
  await expectDaemonIsWell();
});

async function sendPieces(stream: Stream, bytes: Uint8Array, random: SeededRandom): Promise<void> {
  for (const piece of inRandomPieces(bytes, random)) {
    if (stream.writeStatus !== "writable") return;
    stream.send(piece);
    if (random.below(3) === 0) await turn();
  }
}

/** Yamux frames: random, or with a valid beginning. */
function muxerBytes(random: SeededRandom): Uint8Array {
  if (random.below(4) === 0) return random.bytes(4 * random.below(100));
  const header = Buffer.alloc(12);
  header[1] = random.below(5);
  header[3] = random.below(16);
  header.writeUInt32BE(random.below(8), 4);
  header.writeUInt32BE(random.below(3) === 0 ? random.below(2 ** 32) : random.below(64), 8);
  return Buffer.concat([header, random.bytes(4 * random.below(16))]);
}

function send(connection: MessageStream, bytes: Uint8Array): void {
  if (connection.status === "open") connection.send(bytes);
}

interface RawMember extends AsyncDisposable {
  readonly peerId: TestNode["node"]["peerId"];
  dial(): Promise<Connection>;
}

/** A member without our muxer's manners. */
async function startRawMember(): Promise<RawMember> {
  const privateKey = await generateKeyPair("Ed25519");
  const peerId = peerIdText(peerIdFromPrivateKey(privateKey));
  const admission = { self: peerId, groupKey: groupKey(OPEN_GROUP), isMember: () => true, onAdmitted: () => undefined };
  const listen = { host: "127.0.0.1", port: 0 };
  const { libp2p } = await createNode({ privateKey, listen, encryptions: ["tls"], admission, gater: {} });
  await libp2p.start();
  daemon.membership.set([friend.member, { peerId, host: "127.0.0.1", port: 1, zone: undefined }]);
  return {
    peerId,
    dial: () => libp2p.dial(memberAddress(daemon.member)),
    [Symbol.asyncDispose]: async () => await libp2p.stop(),
  };
}

/** What the muxer sends on. */
function encryptedOf(connection: Connection): MessageStream {
  const muxer: unknown = Reflect.get(connection, "muxer");
  if (typeof muxer !== "object" || muxer === null) throw new Error("libp2p's connection has no muxer");
  return Reflect.get(muxer, "maConn");
}
