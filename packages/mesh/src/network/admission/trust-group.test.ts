import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { groupKey, groupProof, type HandshakeTranscript, isGroupProof } from "./trust-group.ts";

const transcript: HandshakeTranscript = {
  initiator: "a" as PeerId,
  responder: "b" as PeerId,
  initiatorNonce: new Uint8Array(32).fill(1),
  responderNonce: new Uint8Array(32).fill(2),
};

describe("a trust group's key", () => {
  it("differs for every other name or secret, and for a name with an empty secret", () => {
    const groups = fc.record({
      name: fc.string(),
      secret: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
    });
    const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
      a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
    fc.assert(
      fc.property(groups, groups, (one, other) => {
        const isOneGroup = one.name === other.name && isSame(one.secret, other.secret);
        expect(Buffer.compare(groupKey(one), groupKey(other)) === 0).toBe(isOneGroup);
      }),
    );
  });
});

describe("the proof of knowing it", () => {
  const key = groupKey({ name: "red", secret: undefined });
  const proof = groupProof(key, "initiator", transcript);

  it("holds for its role, peers and nonces", () => {
    expect(isGroupProof(proof, key, "initiator", transcript)).toBe(true);
  });

  it.each([
    ["the other role", "responder", {}],
    ["another initiator", "initiator", { initiator: "c" as PeerId }],
    ["another responder", "initiator", { responder: "c" as PeerId }],
    ["another nonce of the initiator", "initiator", { initiatorNonce: new Uint8Array(32) }],
    ["another nonce of the responder", "initiator", { responderNonce: new Uint8Array(32) }],
  ] as const)("does not hold for %s", (_, role, change) => {
    expect(isGroupProof(proof, key, role, { ...transcript, ...change })).toBe(false);
  });

  it("does not hold when it is cut or longer", () => {
    expect(isGroupProof(proof.subarray(1), key, "initiator", transcript)).toBe(false);
    expect(isGroupProof(Buffer.concat([proof, proof]), key, "initiator", transcript)).toBe(false);
  });
});
