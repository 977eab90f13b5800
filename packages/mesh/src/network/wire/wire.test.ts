import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ByteRange } from "../../ports.ts";
import { NAR_LIMITS } from "../limits.ts";
import { ANNOUNCE, DELTA, HOLDERS, SUMMARY } from "../rpc/discovery-kinds.ts";
import { CLOSURE, HAVE } from "../rpc/query-kinds.ts";
import { somePathHash, somePathInfo } from "../twins/path-infos.ts";
import { encodePathHashes, parsePathHashes } from "./hashes.ts";
import { messageCodec } from "./message-codec.ts";
import { encodeNarAnswer, encodeNarRequest, parseNarAnswer, parseNarRequest } from "./nar-messages.ts";
import { encodePathInfo, parsePathInfo } from "./path-info.ts";
import { encodeRpcFrame, parseRpcFrame, type RpcFrame } from "./rpc-frame.ts";

const RANGE = { start: 10, end: 2 ** 40 };
const closure = { path: somePathHash(1), known: [somePathHash(2)] };
const delta = messageCodec("SummaryDelta").encode({ epoch: 1, fromVersion: 1, toVersion: 2, added: Buffer.alloc(20) });
const announcement = messageCodec("Announcement").encode({ epoch: 1, sequence: 2, added: Buffer.alloc(40) });
const digests = messageCodec("HoldersRequest").encode({ pathHashes: Buffer.alloc(40) });
const summary = messageCodec("SummaryAnswer").encode({
  summary: { epoch: 1, version: 2, filter: Buffer.alloc(2000, 1) },
});
const peer = "12D3KooWA9Vq1qxpiCnUrYePjexxvXLaDhtG8UVYdbSfmkrKmcDL";
const holders = messageCodec("HoldersAnswer").encode({
  peers: [peer],
  holderCounts: Buffer.of(1, 0),
  holderIndexes: [0],
});

/** Each parser of foreign bytes, with bytes that it takes. */
const PARSERS: readonly (readonly [string, (bytes: Uint8Array) => unknown, Uint8Array])[] = [
  [
    "RpcFrame",
    parseRpcFrame,
    encodeRpcFrame({ type: "request", requestId: 7, kind: 2, payload: Buffer.alloc(9), deadlineMs: 5 }),
  ],
  [
    "NarRequest",
    parseNarRequest,
    encodeNarRequest({ path: somePathHash(1), narHash: somePathInfo(1).narHash, range: RANGE }),
  ],
  ["NarAnswer", (bytes) => parseNarAnswer(bytes, RANGE), encodeNarAnswer({ kind: "bytes", end: 2 ** 33 })],
  [
    "PathInfo",
    parsePathInfo,
    encodePathInfo(somePathInfo(1, { deriver: "x.drv", contentAddress: "fixed:r:sha256:0" })),
  ],
  ["ClosureRequest", CLOSURE.parseQuestion, CLOSURE.encodeQuestion(closure)],
  [
    "ClosureAnswer",
    (bytes) => CLOSURE.parseAnswer(bytes, closure),
    CLOSURE.encodeAnswer([somePathInfo(1), somePathInfo(2)]),
  ],
  ["HaveRequest", HAVE.parseQuestion, HAVE.encodeQuestion([somePathHash(1)])],
  ["HaveAnswer", (bytes) => HAVE.parseAnswer(bytes, [somePathHash(1)]), HAVE.encodeAnswer([somePathHash(1)])],
  ["SummaryRequest", SUMMARY.parseQuestion, SUMMARY.encodeQuestion({ epoch: 2 ** 32 - 1, version: 3 })],
  ["SummaryAnswer", (bytes) => SUMMARY.parseAnswer(bytes, undefined), summary],
  ["SummaryDelta", DELTA.parseQuestion, delta],
  ["Announcement", ANNOUNCE.parseQuestion, announcement],
  [
    "AnnouncementAnswer",
    (bytes) => ANNOUNCE.parseAnswer(bytes, ANNOUNCE.parseQuestion(announcement)),
    ANNOUNCE.encodeAnswer("applied"),
  ],
  ["HoldersRequest", HOLDERS.parseQuestion, digests],
  ["HoldersAnswer", (bytes) => HOLDERS.parseAnswer(bytes, HOLDERS.parseQuestion(digests)), holders],
];

/** True when it reads them or says BadBytes. */
function isReadOrRefused(parse: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    parse(bytes);
    return true;
  } catch (error) {
    return isNiphasError(error) && error.code === "BadBytes";
  }
}

describe.each(PARSERS)("the parser of %s", (_, parse, valid) => {
  it("reads what is valid", () => {
    expect(() => parse(valid)).not.toThrow();
  });

  it("reads any other bytes or refuses them as bad", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => isReadOrRefused(parse, bytes)));
  });

  it("reads or refuses what is nearly valid", () => {
    const edits = fc.array(fc.tuple(fc.nat(valid.length + 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edits, fc.nat(valid.length), (changes, length) => {
        const bytes = Buffer.from(valid);
        for (const [offset, byte] of changes) bytes[offset] = byte;
        return isReadOrRefused(parse, bytes) && isReadOrRefused(parse, bytes.subarray(0, length));
      }),
    );
  });

  it("is not brought down by groups within groups", () => {
    const groups = Buffer.alloc(1024 * 1024, (15 << 3) | 3);
    expect(isReadOrRefused(parse, groups)).toBe(true);
  });
});

describe("what we send", () => {
  it("is read by the other side as it was: frames", () => {
    const requestId = fc.integer({ min: 1, max: 2 ** 32 - 1 });
    const number = fc.nat(2 ** 31 - 1);
    const payload = fc.uint8Array().map((bytes) => Buffer.from(bytes));
    const frames: fc.Arbitrary<RpcFrame> = fc.oneof(
      fc.record({ type: fc.constant("hello" as const), maxRequests: number }),
      fc.record({ type: fc.constant("request" as const), requestId, kind: number, payload, deadlineMs: number }),
      fc.record({ type: fc.constant("answer" as const), requestId, payload, last: fc.boolean() }),
      fc.record({ type: fc.constant("failure" as const), requestId, reason: fc.nat(5) }),
      fc.record({ type: fc.constant("cancel" as const), requestId }),
      fc.constant({ type: "ping" } as const),
      fc.constant({ type: "pong" } as const),
    );
    fc.assert(
      fc.property(frames, (frame) => {
        expect(parseRpcFrame(encodeRpcFrame(frame))).toEqual(frame);
      }),
    );
  });

  it("is read by the other side as it was: ranges of the largest NARs", () => {
    const ends = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat()).filter(([start, end]) => start !== end);
    fc.assert(
      fc.property(ends, fc.maxSafeNat(), (pair, before) => {
        const [start = 0, end = 0] = [...pair].sort((a, b) => a - b);
        const request = { path: somePathHash(1), narHash: somePathInfo(1).narHash, range: { start, end } };
        expect(parseNarRequest(encodeNarRequest(request))).toEqual({ ...request, usefulFrom: start });
        const early = { ...request, usefulFrom: Math.min(before, start) };
        expect(parseNarRequest(encodeNarRequest(early))).toEqual(early);
        expect(parseNarAnswer(encodeNarAnswer({ kind: "bytes", end }), { start, end })).toEqual({ kind: "bytes", end });
      }),
    );
  });

  it("is read by the other side as it was: paths", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000)), fc.array(fc.nat(1000)), fc.maxSafeNat(), (own, references, narSizeBytes) => {
        const infos = own.map((number) =>
          somePathInfo(number, { narSizeBytes, references: references.map((other) => somePathInfo(other).path) }),
        );
        expect(CLOSURE.parseAnswer(CLOSURE.encodeAnswer(infos), closure)).toEqual(infos);
        const hashes = own.map(somePathHash);
        expect(parsePathHashes(encodePathHashes(hashes), hashes.length)).toEqual(hashes);
      }),
    );
  });
});

describe("ranges that a peer has instead of those asked for", () => {
  const asked = { start: 5, end: 6 };
  const roundTrip = (available: readonly ByteRange[]) =>
    parseNarAnswer(encodeNarAnswer({ kind: "later", available }), asked);

  it("are read by the other side as they were, the first eight", () => {
    const lengths = fc.array(fc.tuple(fc.nat(2 ** 40), fc.integer({ min: 1, max: 2 ** 40 })), { maxLength: 12 });
    fc.assert(
      fc.property(lengths, (pairs) => {
        let position = 0;
        const ranges = pairs.map(([gap, length]) => {
          const start = position + gap;
          position = start + length;
          return { start, end: position };
        });
        expect(roundTrip(ranges)).toEqual({ kind: "later", available: ranges.slice(0, NAR_LIMITS.maxRanges) });
      }),
    );
  });

  it.each([
    ["an empty one", [{ start: 1, end: 1 }]],
    ["one that goes back", [{ start: 2, end: 1 }]],
    [
      "one inside another",
      [
        { start: 0, end: 9 },
        { start: 3, end: 5 },
      ],
    ],
  ])("are refused with %s", (_, ranges) => {
    expect(() => roundTrip(ranges)).toThrow(expect.objectContaining({ code: "BadBytes" }));
  });
});

describe("a peer's word on a path", () => {
  it.each([
    ["a line feed in a signature", { signatures: ["key-1:x\nSig: y"] }],
    ["a line feed in a deriver", { deriver: "x\nCA: y" }],
    ["a space in a content address", { contentAddress: "a b" }],
  ])("is refused for %s, which would forge a narinfo", (_, overrides) => {
    expect(() => parsePathInfo(encodePathInfo(somePathInfo(1, overrides)))).toThrow("narinfo");
  });

  it("is refused at its first bad path, however many follow", () => {
    const empty = Buffer.alloc(16 * 1024 * 1024).map((_, index) => (index % 2 === 0 ? 0x12 : 0));
    const before = process.memoryUsage().heapUsed;
    expect(isReadOrRefused((bytes) => CLOSURE.parseAnswer(bytes, closure), empty)).toBe(true);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });
});
