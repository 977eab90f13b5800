import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { peerIdText } from "../../network/identity/peer-id.ts";
import type { Member, PeerId } from "../../ports.ts";

const SEED_BYTES = 32;

/** The same one for each number in each run. */
export async function testPeerId(index: number): Promise<PeerId> {
  const seed = Buffer.alloc(SEED_BYTES);
  seed.writeUInt32BE(index);
  return peerIdText(peerIdFromPrivateKey(await generateKeyPairFromSeed("Ed25519", seed)));
}

/** A member at `10.0.0.<index>`. */
export function testMember(peerId: PeerId, index: number): Member {
  return { peerId, host: `10.0.0.${index}`, port: 9811, zone: undefined };
}
