import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { generateKeyPair } from "@libp2p/crypto/keys";
import type { Libp2p, PrivateKey } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { tls } from "@libp2p/tls";
import { type Encryption, type Member, type Membership, MeshNode } from "@niphas/mesh";
import { createLibp2p } from "libp2p";

export const BARE_PROTOCOL = "/probe/bare/1";

/** libp2p as its documentation sets it up, without anything of ours. */
export async function startBareNode(encryption: Encryption): Promise<Libp2p> {
  return await createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [encryption === "tls" ? tls() : noise()],
    streamMuxers: [yamux()],
    // The probe asks for one long stream, and pings would not be answered.
    connectionMonitor: { enabled: false },
  });
}

/** A node of the mesh that has these members, and does not listen yet. */
export async function createProbeNode(
  encryption: Encryption,
  members: readonly Member[],
  privateKey?: PrivateKey,
): Promise<MeshNode> {
  return await MeshNode.create({
    privateKey: privateKey ?? (await generateKeyPair("Ed25519")),
    listen: { host: "127.0.0.1", port: 0 },
    membership: fixedMembership(members),
    trustGroup: { name: "probe", secret: undefined },
    encryptions: [encryption],
  });
}

function fixedMembership(members: readonly Member[]): Membership {
  return {
    members: () => members,
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
