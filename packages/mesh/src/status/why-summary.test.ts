import { parseStorePath } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { parsePeerId } from "../network/identity/peer-id.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import { PathNotes } from "./path-notes.ts";
import type { HolderReport, WhyReport } from "./ports.ts";
import { renderWhy } from "./render.ts";
import { summaryOf } from "./why-summary.ts";

const PEER = parsePeerId("12D3KooWHTsSxeDwEXkttdQrux52hGMf5jsG3CgXAJep8AVCjv4n");
const PATH = pathHashOf(parseStorePath(`/nix/store/${"a".repeat(32)}-a`));
const HOLDER: HolderReport = {
  peerId: PEER,
  address: "10.0.0.1:9811",
  zone: null,
  state: "connected",
  quarantine: null,
  hasIt: true,
  answer: "has it",
};
const NOTHING: Omit<WhyReport, "summary"> = {
  hash: PATH,
  path: null,
  isValidHere: false,
  nar: null,
  holders: [],
  owners: [],
  upstreams: [],
  notes: [],
};
const FOUND = { upstream: "https://cache.example.org", outcome: "found", reason: "has it" };
const DOWN = { upstream: "https://cache.example.org", outcome: "failed", reason: "it does not answer" };
const QUARANTINE = { reason: "wrong bytes", leftSeconds: 600, times: 1 };

describe("the reason why a path is to be had or not", () => {
  it.each<[string, Partial<WhyReport>]>([
    ["it is in this node's store", { isValidHere: true }],
    ["it is on its way: filling", { nar: { state: "filling", doneBytes: 1, totalBytes: 2 } }],
    ["it can be had from 1 of the members", { holders: [HOLDER] }],
    ["no member has it; it comes from https://cache.example.org", { upstreams: [FOUND] }],
    [
      "the members that have it are lost or in quarantine; it comes from https://cache.example.org",
      { holders: [{ ...HOLDER, quarantine: QUARANTINE }], upstreams: [FOUND] },
    ],
    [
      "no member has it, and no upstream gives it (https://cache.example.org: it does not answer)",
      { holders: [{ ...HOLDER, hasIt: false }], upstreams: [DOWN] },
    ],
    ["no member has it, and no upstream gives it", {}],
  ])("is told as: %s", (sentence, change) => {
    expect(summaryOf({ ...NOTHING, ...change })).toBe(sentence);
  });

  it("is printed with what was tried, and steers no terminal", () => {
    const holder = { ...HOLDER, answer: "gave no answer: \u001b[31mred" };
    const text = renderWhy({ ...NOTHING, holders: [holder], upstreams: [DOWN], summary: "so it is" });
    expect(text).toContain(`${PATH}: so it is\n`);
    expect(text).toContain("gave no answer: ?[31mred");
    expect(text).toContain("it does not answer");
    expect(text).toContain("what happened to it here:\n  none\n");
  });

  it("is printed with who coordinates the fetch, and which of them is this daemon", () => {
    const owners = [
      { peerId: PEER, address: "10.0.0.1:9811" },
      { peerId: PEER, address: null },
    ];
    const text = renderWhy({ ...NOTHING, owners, summary: "so it is" });
    expect(text).toContain(`the first that answers:\n  ${PEER}  10.0.0.1:9811\n  ${PEER}  this daemon\n`);
  });
});

describe("the last words on a path", () => {
  it("are few, and the newest", () => {
    const notes = new PathNotes({ now: () => new Date(0) });
    for (let count = 0; count < 20; count++) notes.transferred({ kind: "verified", path: PATH });
    notes.transferred({ kind: "corrupt", path: PATH, culprits: [PEER] });
    expect(notes.of(PATH)).toHaveLength(8);
    expect(notes.of(PATH).at(-1)).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      what: `its NAR did not have the signed hash: wrong bytes came from ${PEER}`,
    });
  });

  it("say who gave how much of a NAR, and who was given up", () => {
    const notes = new PathNotes();
    for (const sizeBytes of [1_024, 512]) {
      notes.transferred({ kind: "received", path: PATH, source: PEER, sizeBytes, tookMs: 1 });
    }
    notes.transferred({ kind: "abandoned", path: PATH, peer: PEER, reason: "slow" });
    notes.transferred({ kind: "received", path: PATH, source: "upstream", sizeBytes: 3, tookMs: 1 });
    notes.transferred({ kind: "verified", path: PATH });
    expect(notes.of(PATH).map(({ what }) => what)).toEqual([
      `${PEER} was given up as a source: it was too slow`,
      `its NAR was got and has the signed hash: 1.5 KiB from ${PEER}, 3 B from upstream`,
    ]);
  });

  it("are forgotten when there are too many others", () => {
    const notes = new PathNotes();
    const digits = (index: number): string => index.toString().padStart(32, "0");
    const paths = Array.from({ length: 1_100 }, (_, index) =>
      pathHashOf(parseStorePath(`/nix/store/${digits(index)}-x`)),
    );
    for (const path of paths) notes.transferred({ kind: "refused", path });
    expect(paths.filter((path) => notes.of(path).length > 0)).toEqual(paths.slice(-1_024));
  });
});
