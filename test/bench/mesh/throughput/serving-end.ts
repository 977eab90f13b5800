import type { Stream } from "@libp2p/interface";
import { type Encryption, NAR_PROTOCOL, NarServer, parsePeerId } from "@niphas/mesh";
import { endWithParent } from "../../server-process.ts";
import { BARE_PROTOCOL, createProbeNode, startBareNode } from "./probe-nodes.ts";

/**
 * `serving-end.ts ENCRYPTION PEER_ID SIZE_BYTES`: serves as many zeros to anybody over a bare stream, and any range as a
 * peer of the mesh to the one with the given id. Prints `{"bare": multiaddr, "mesh": {"peerId", "port"}}`.
 */

const CHUNK = Buffer.alloc(64 * 1024);

endWithParent();
const [encryption = "tls", peerId = "", size = "0"] = process.argv.slice(2);
const kind: Encryption = encryption === "noise" ? "noise" : "tls";

const bare = await startBareNode(kind);
await bare.handle(BARE_PROTOCOL, (stream) => sendAll(stream, Number(size)));

const asker = { peerId: parsePeerId(peerId), host: "127.0.0.1", port: 1, zone: undefined };
const mesh = await createProbeNode(kind, [asker]);
const server = new NarServer(
  {
    source: {
      open: async ({ range }) => ({ kind: "bytes", end: range.end, body: zeros(range.end - range.start) }),
      hints: () => [],
    },
  },
  { uploadSlots: 8 },
);
await mesh.handle(NAR_PROTOCOL, (...stream) => server.serve(...stream), { maxInboundStreams: 8 });
await mesh.start();
const address = { bare: bare.getMultiaddrs()[0]?.toString(), mesh: { peerId: mesh.peerId, port: mesh.port } };
process.stdout.write(`${JSON.stringify(address)}\n`);

async function sendAll(stream: Stream, sizeBytes: number): Promise<void> {
  for (let left = sizeBytes; left > 0; left -= CHUNK.byteLength) {
    const isTaken = stream.send(CHUNK.subarray(0, Math.min(left, CHUNK.byteLength)));
    if (!isTaken)
      await new Promise<void>((resolve) => stream.addEventListener("drain", () => resolve(), { once: true }));
  }
  await stream.close();
}

async function* zeros(sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let left = sizeBytes; left > 0; left -= CHUNK.byteLength)
    yield CHUNK.subarray(0, Math.min(left, CHUNK.byteLength));
}
