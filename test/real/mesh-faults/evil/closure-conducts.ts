import { createPrivateKey, sign } from "node:crypto";
import { parseNarHash, pathFingerprint } from "@niphas/core";
import type { PeerPathInfo } from "@niphas/mesh";
import { signingKey } from "@niphas/testing";

/** Tells of a closure; `others` are the paths of another closure, told truly. */
export type ClosureConduct = (
  infos: readonly PeerPathInfo[],
  others: readonly PeerPathInfo[],
) => readonly PeerPathInfo[];

const ED25519_PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** What a peer says when it is asked for a closure. */
export const CLOSURE_CONDUCTS = {
  honest: (infos) => infos,
  unsigned: (infos) => infos.map((info) => ({ ...info, signatures: [] })),
  /** Signed, by a key that nobody trusts. */
  foreignKey: (infos) => infos.map((info) => signed(info, "evil-1")),
  /** A signature by the trusted key, of another path. */
  otherSignature: (infos, others) =>
    infos.map((info, index) => ({ ...info, signatures: others[index % others.length]?.signatures ?? [] })),
  /** Another path than the one that was asked for. */
  otherPath: (_infos, others) => others,
  /** What the trusted key has signed long ago, of other bytes. */
  replayed: (infos) =>
    infos.map((info) => signed({ ...info, narHash: parseNarHash(`sha256:${"0".repeat(64)}`) }, "niphas-test-1")),
  withoutReferences: (infos) => infos.map((info) => ({ ...info, references: [] })),
  withMoreReferences: (infos, others) =>
    infos.map((info) => ({ ...info, references: [...info.references, ...others.map(({ path }) => path)] })),
  /** The bytes are someone else's to choose if size or hash are. */
  otherHash: (infos, others) => infos.map((info) => ({ ...info, narHash: others[0]?.narHash ?? info.narHash })),
  /** Truly signed, beside what no signature covers. */
  falseDeriver: (infos) => infos.map((info) => ({ ...info, deriver: "x" })),
  noContentAddress: (infos) => infos.map((info) => ({ ...info, contentAddress: "nonsense" })),
  falseContentAddress: (infos) => infos.map((info) => ({ ...info, contentAddress: `fixed:r:${info.narHash}` })),
  brokenSignature: (infos) =>
    infos.map((info) => ({ ...info, signatures: ["niphas-test-1:AAAA", ...info.signatures, "evil-1:AAAA"] })),
  /** Of the closure only the root. */
  rootAlone: (infos) => infos.slice(-1),
} as const satisfies Record<string, ClosureConduct>;

export type ClosureConductName = keyof typeof CLOSURE_CONDUCTS;

/** Signed as Nix does, by the key that tests give this name. */
function signed(info: PeerPathInfo, keyName: string): PeerPathInfo {
  const seed = Buffer.from(signingKey(keyName).secretKey.split(":")[1] ?? "", "base64").subarray(0, 32);
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
  const signature = sign(null, Buffer.from(pathFingerprint(info)), key).toString("base64");
  return { ...info, signatures: [`${keyName}:${signature}`] };
}
