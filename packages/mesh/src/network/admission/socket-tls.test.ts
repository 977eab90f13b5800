import { connect, createServer, type Server, type Socket } from "node:net";
import { yamux } from "@chainsafe/libp2p-yamux";
import type { Libp2p } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { tls } from "@libp2p/tls";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { describe, expect, it } from "vitest";
import { socketTls } from "./socket-tls.ts";

const PROTOCOL = "/test/1";
const LIBRARIES = { ours: socketTls, libp2p: tls } as const;
const PAIRS = [
  ["ours", "ours"],
  ["ours", "libp2p"],
  ["libp2p", "ours"],
] as const;
const SIZE_BYTES = 3 * 1024 * 1024 + 17;

type Library = keyof typeof LIBRARIES;

async function startNode(library: Library): Promise<Libp2p & AsyncDisposable> {
  const node = await createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [LIBRARIES[library]()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: { inboundConnectionThreshold: 1_000 },
  });
  return Object.assign(node, { [Symbol.asyncDispose]: async () => await node.stop() });
}

/** Serves bytes to whoever opens a stream, and ends it. */
async function startServing(library: Library, body: Uint8Array): Promise<Libp2p & AsyncDisposable> {
  const node = await startNode(library);
  await node.handle(PROTOCOL, async (stream) => {
    stream.send(body);
    await stream.close();
  });
  return node;
}

async function readAll(near: Libp2p, far: Libp2p): Promise<Buffer> {
  const stream = await near.dialProtocol(far.getMultiaddrs(), PROTOCOL);
  const pieces: Uint8Array[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.addEventListener("message", ({ data }) => void pieces.push(data.subarray()));
  stream.addEventListener("end", () => resolve());
  stream.addEventListener("close", ({ error }) => (error === undefined ? resolve() : reject(error)));
  await promise;
  return Buffer.concat(pieces);
}

/** Says `word` to whoever connects. */
async function startRude(word: Uint8Array): Promise<Server & AsyncDisposable> {
  const server = createServer(
    (socket) =>
      void socket
        .on("error", () => undefined)
        .resume()
        .write(word),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Hands on what two nodes say to each other, until it is told otherwise. */
async function startBetween(far: Libp2p) {
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const other = connect(Number(/tcp\/(\d+)/.exec(String(far.getMultiaddrs()[0]))?.[1]), "127.0.0.1");
    client.pipe(other).pipe(client);
    for (const socket of [client, other]) sockets.push(socket.on("error", () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const [nearSide, farSide] = [() => sockets[0], () => sockets[1]];
  return {
    server,
    readNoMore: () => nearSide()?.unpipe().pause(),
    end: () => {
      farSide()?.unpipe();
      nearSide()?.end();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe("TLS on the socket itself", () => {
  const body = Buffer.alloc(SIZE_BYTES, "0123456789abcdef");

  it.each(PAIRS)("brings every byte, with %s dialling %s", async (dialler, listener) => {
    await using far = await startServing(listener, body);
    await using near = await startNode(dialler);
    const read = await readAll(near, far);
    expect(read.equals(body)).toBe(true);
  });

  it("knows who the peer is", async () => {
    await using far = await startServing("libp2p", body);
    await using near = await startNode("ours");
    await readAll(near, far);
    expect(near.getPeers().map(String)).toEqual([far.peerId.toString()]);
  });

  it("gives up a peer that speaks no TLS", async () => {
    await using rude = await startRude(Buffer.from("\x13/multistream/1.0.0\n\x0b/tls/1.0.0\nno record of TLS"));
    await using near = await startNode("ours");
    await expect(near.dial(multiaddr(`/ip4/127.0.0.1/tcp/${portOf(rude)}`))).rejects.toThrow();
  });

  it("survives strangers that dial and hang up at any point of the handshake", async () => {
    await using far = await startServing("ours", body);
    await using near = await startNode("libp2p");
    const port = Number(/tcp\/(\d+)/.exec(String(far.getMultiaddrs()[0]))?.[1]);
    for (const word of [
      "",
      "\x13/multistream/1.0.0\n",
      "\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n\x16\x03\x01\x02\x00\x01",
    ]) {
      const socket = connect(port, "127.0.0.1");
      await new Promise<void>((resolve) => socket.write(Buffer.from(word, "latin1"), () => resolve()));
      socket.resetAndDestroy();
    }
    expect((await readAll(near, far)).equals(body)).toBe(true);
  });

  it("survives dials that are given up at any moment", async () => {
    await using far = await startServing("ours", body);
    for (let waitMs = 0; waitMs < 20; waitMs++) {
      await using near = await startNode("ours");
      const connection = near.dial(far.getMultiaddrs(), { signal: AbortSignal.timeout(waitMs) });
      await connection.catch(() => undefined);
    }
    await using near = await startNode("ours");
    expect((await readAll(near, far)).equals(body)).toBe(true);
  });

  it("ends when the peer sends no more", async () => {
    await using far = await startServing("ours", body);
    await using near = await startNode("ours");
    await using between = await startBetween(far);
    const address = multiaddr(`/ip4/127.0.0.1/tcp/${portOf(between.server)}`).encapsulate(`/p2p/${far.peerId}`);
    const stream = await near.dialProtocol(address, PROTOCOL);
    between.readNoMore();
    stream.send(Buffer.alloc(16 * 1024 * 1024));
    between.end();
    await expect.poll(() => near.getConnections().length).toBe(0);
  });
});
