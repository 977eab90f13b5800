import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { multiaddr } from "@multiformats/multiaddr";
import { parseNarHash } from "@niphas/core";
import { type Encryption, type Member, NarClient, type NarRequest, parsePathHash, parsePeerId } from "@niphas/mesh";
import { startServerProcess } from "../../server-process.ts";
import { BARE_PROTOCOL, createProbeNode, startBareNode } from "./probe-nodes.ts";

export interface ThroughputInit {
  readonly sizeBytes: number;
  /** @default "tls" */
  readonly encryption?: Encryption;
  readonly signal: AbortSignal;
}

/** MB are 10^6 bytes. Processor time is this process's, the reading end's. */
export interface Throughput {
  readonly bareMBPerSecond: number;
  readonly bareCpuMsPerMB: number;
  /** `PeerNars.read`, with its back-pressure, lengths and guards. */
  readonly narMBPerSecond: number;
  readonly narCpuMsPerMB: number;
}

const BYTES_PER_MB = 1e6;

/**
 * Zeros from another process over the loopback interface, once over a stream of plain libp2p that nothing holds up, once
 * as a NAR of a peer.
 */
export async function measureThroughput(init: ThroughputInit): Promise<Throughput> {
  const encryption = init.encryption ?? "tls";
  const privateKey = await generateKeyPair("Ed25519");
  const self = peerIdFromPrivateKey(privateKey).toString();
  const args = [encryption, self, String(init.sizeBytes)];
  await using server = await startServerProcess(new URL("serving-end.ts", import.meta.url), args);
  const { bare, mesh } = JSON.parse(server.address);
  const bareTime = await timed(() => readBare(bare, encryption, init));
  const member: Member = { peerId: parsePeerId(mesh.peerId), host: "127.0.0.1", port: mesh.port, zone: undefined };
  await using node = await createProbeNode(encryption, [member], privateKey);
  await node.start();
  const narTime = await timed(() => readNar(new NarClient(node), member, init));
  const megabytes = init.sizeBytes / BYTES_PER_MB;
  return {
    bareMBPerSecond: megabytes / bareTime.seconds,
    bareCpuMsPerMB: bareTime.cpuMs / megabytes,
    narMBPerSecond: megabytes / narTime.seconds,
    narCpuMsPerMB: narTime.cpuMs / megabytes,
  };
}

async function readBare(address: string, encryption: Encryption, init: ThroughputInit): Promise<void> {
  const node = await startBareNode(encryption);
  try {
    const stream = await node.dialProtocol(multiaddr(address), BARE_PROTOCOL, { signal: init.signal });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let sizeBytes = 0;
    stream.addEventListener("message", ({ data }) => {
      sizeBytes += data.byteLength;
      if (sizeBytes === init.sizeBytes) resolve();
    });
    stream.addEventListener("close", ({ error }) => reject(error ?? new Error("the stream ended early")));
    await promise;
  } finally {
    await node.stop();
  }
}

async function readNar(client: NarClient, member: Member, init: ThroughputInit): Promise<void> {
  using _client = client;
  const request: NarRequest = {
    path: parsePathHash(new Uint8Array(20)),
    narHash: parseNarHash(`sha256:${"0".repeat(64)}`),
    range: { start: 0, end: init.sizeBytes },
  };
  const answer = await client.read(member.peerId, request, init.signal);
  if (answer.kind !== "bytes") throw new Error(`bytes were expected: ${answer.kind}`);
  let sizeBytes = 0;
  for await (const piece of answer.body) sizeBytes += piece.byteLength;
  if (sizeBytes !== init.sizeBytes) throw new Error("the NAR has another length");
}

async function timed(work: () => Promise<void>): Promise<{ readonly seconds: number; readonly cpuMs: number }> {
  const startedAtMs = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - startedAtMs) / 1000, cpuMs: (user + system) / 1000 };
}
