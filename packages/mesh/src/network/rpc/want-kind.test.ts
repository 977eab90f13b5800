import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WANT_ROLES, type WantReport, type WantVerdict } from "../../coordination/ports.ts";
import { testPaths } from "../../discovery/twins/test-paths.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import { WANT } from "./want-kind.ts";

const PATHS = testPaths(WANT_ROLES.length);
const REPORTS: readonly WantReport[] = WANT_ROLES.map((role, index) => ({
  path: PATHS[index] ?? expect.fail("no path"),
  role,
  haveBytes: index * 2 ** 40,
}));
const newPeer = async () => parsePeerId(peerIdFromPrivateKey(await generateKeyPair("Ed25519")).toString());

describe("the request WANT", () => {
  it("carries reports and verdicts", async () => {
    const [first, second] = [await newPeer(), await newPeer()];
    const verdicts: readonly WantVerdict[] = [
      { kind: "fetch" },
      { kind: "tail", peers: [first, second] },
      { kind: "tail", peers: [] },
      { kind: "tail", peers: [second] },
      { kind: "fetch" },
      { kind: "tail", peers: [first] },
      { kind: "tail", peers: [second, first] },
    ];
    expect(WANT.parseQuestion(WANT.encodeQuestion(REPORTS))).toEqual(REPORTS);
    expect(WANT.parseAnswer(WANT.encodeAnswer(verdicts), REPORTS)).toEqual(verdicts);
  });

  it("refuses an answer for other reports than those asked", () => {
    const answer = WANT.encodeAnswer([{ kind: "fetch" }]);
    expect(() => WANT.parseAnswer(answer, REPORTS)).toThrow(expect.objectContaining({ code: "BadBytes" }));
  });

  it("refuses a role that there is not", () => {
    const bytes = WANT.encodeQuestion(REPORTS.slice(0, 1)).map((byte) => byte);
    // The only role is the byte after its tag and length, right behind 22 bytes of hashes.
    bytes[24] = 99;
    expect(() => WANT.parseQuestion(bytes)).toThrow(expect.objectContaining({ code: "BadBytes" }));
  });

  it("parses any bytes to reports and verdicts, or BadBytes", () => {
    const parsers = [WANT.parseQuestion, (bytes: Uint8Array) => WANT.parseAnswer(bytes, REPORTS)];
    fc.assert(
      fc.property(fc.constantFrom(...parsers), fc.uint8Array({ maxLength: 200 }), (parse, bytes) => {
        try {
          parse(bytes);
        } catch (error) {
          expect(isNiphasError(error) && error.code).toBe("BadBytes");
        }
      }),
    );
  });
});
