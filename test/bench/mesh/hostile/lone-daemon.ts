import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { loadPrivateKey } from "@niphas/mesh";
import { freePort } from "@niphas/testing";
import { MeshDaemon } from "../../../real/mesh-daemon/mesh-daemon.ts";
import type { NeighboursRig } from "../../../real/neighbours/neighbours-rig.ts";

const { signal: never } = new AbortController();

/** The daemon of the node, which knows nobody but these members. */
export async function startLoneDaemon({ node }: NeighboursRig, members: readonly string[] = []): Promise<MeshDaemon> {
  const stateDir = node.directory.join("mesh");
  const { member, port } = await newMember(stateDir);
  const daemon = new MeshDaemon({
    stateDir,
    storeRootDir: node.settings.store.rootDir,
    members: `static:${[member, ...members].join(",")}`,
    listenPort: port,
    upstreams: [node.cache.url],
    trustedPublicKey: node.source.publicKey,
  });
  await daemon.start();
  return daemon;
}

/** Makes the key of a member, and finds a port for it. */
export async function newMember(stateDir: string): Promise<{ readonly member: string; readonly port: number }> {
  const peerId = peerIdFromPrivateKey(await loadPrivateKey(stateDir, never)).toString();
  const port = await freePort();
  return { member: `${peerId}@127.0.0.1:${port}`, port };
}
