import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { testPeer } from "../twins/test-paths.ts";
import { formatHolders, parseAnnouncement, parseHolders } from "./announcement.ts";

const asPeer = (text: string): PeerId => text as PeerId;

/** Either it parses, or it is the peer's fault. */
function parsesOrBadBytes(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    expect(error).toMatchObject({ code: "BadBytes" });
  }
}

describe("announcements and answers of keepers", () => {
  it("read the holders that they wrote", () => {
    const lists = fc.array(fc.uniqueArray(fc.nat(100), { maxLength: 64 }), { maxLength: 20 });
    fc.assert(
      fc.property(lists, (indexes) => {
        const peers = indexes.map((list) => list.map(testPeer));
        expect(parseHolders(formatHolders(peers), peers.length, asPeer)).toEqual(peers);
      }),
    );
  });

  it("take foreign holders or refuse them as BadBytes", () => {
    const list = fc.record({ indexes: fc.array(fc.oneof(fc.integer(), fc.double()), { maxLength: 70 }) });
    const wire = fc.record({ peers: fc.array(fc.string()), lists: fc.array(list) });
    fc.assert(
      fc.property(wire, fc.nat(5), (holders, count) => parsesOrBadBytes(() => parseHolders(holders, count, asPeer))),
    );
  });

  it("take foreign announcements or refuse them as BadBytes", () => {
    const number = fc.oneof(fc.integer(), fc.double());
    const bytes = fc.uint8Array({ maxLength: 100 });
    const wire = fc.record({ epoch: number, sequence: number, added: bytes, removed: bytes });
    fc.assert(fc.property(wire, (announcement) => parsesOrBadBytes(() => parseAnnouncement(announcement))));
  });

  it("refuse more holders than a keeper may name", () => {
    const peers = Array.from({ length: 65 }, (_, index) => `p${index}`);
    const wire = { peers, lists: [{ indexes: peers.map((_, index) => index) }] };
    expect(() => parseHolders(wire, 2, asPeer)).toThrow(expect.objectContaining({ code: "BadBytes" }));
  });
});
