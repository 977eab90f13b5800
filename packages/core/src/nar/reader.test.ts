import { describe, expect, it } from "vitest";
import type { NarEvent } from "./event.ts";
import { NarReader } from "./reader.ts";

/** Each string is written as the grammar says; buffers go in as they are. */
type Part = string | Buffer;

const FILE = ["(", "type", "regular", "contents", "abc", ")"];
const entry = (name: string, node: readonly Part[] = FILE): readonly Part[] => [
  "entry",
  "(",
  "name",
  name,
  "node",
  ...node,
  ")",
];
const root = (...entries: readonly (readonly Part[])[]): readonly Part[] => [
  "(",
  "type",
  "directory",
  ...entries.flat(),
  ")",
];
const length = (size: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(size);
  return bytes;
};
const padded = (text: string, padding: string): Buffer =>
  Buffer.concat([length(BigInt(text.length)), Buffer.from(text), Buffer.from(padding, "latin1")]);

/** Seeds of malformed NARs: each breaks one rule. */
const REFUSED: readonly (readonly [what: string, parts: readonly Part[]])[] = [
  ["nothing", []],
  ["another magic", ["nix-archive-2", ...FILE]],
  ["a magic of 4 GiB", [length(2n ** 32n)]],
  ["only the magic", ["nix-archive-1"]],
  ["a type that is none", ["nix-archive-1", "(", "type", "fifo", ")"]],
  ["no type", ["nix-archive-1", "(", "regular", "contents", "abc", ")"]],
  ["an entry of no directory", ["nix-archive-1", ...entry("a")]],
  ["bytes after the end", ["nix-archive-1", ...FILE, Buffer.from([0])]],
  ["a second root", ["nix-archive-1", ...FILE, ...FILE]],
  ["a mark with a value", ["nix-archive-1", "(", "type", "regular", "executable", "x", "contents", "abc", ")"]],
  ["a mark after the contents", ["nix-archive-1", "(", "type", "regular", "contents", "abc", "executable", "", ")"]],
  [
    "the mark twice",
    ["nix-archive-1", "(", "type", "regular", "executable", "", "executable", "", "contents", "", ")"],
  ],
  ["a file without contents", ["nix-archive-1", "(", "type", "regular", ")"]],
  ["a file of 2^53 bytes", ["nix-archive-1", "(", "type", "regular", "contents", length(2n ** 53n)]],
  ["a file of 2^64 - 1 bytes", ["nix-archive-1", "(", "type", "regular", "contents", length(2n ** 64n - 1n)]],
  ["a file that is not closed", ["nix-archive-1", "(", "type", "regular", "contents", "abc"]],
  [
    "padding of a file that is not zero",
    ["nix-archive-1", "(", "type", "regular", "contents", padded("abc", "\0\0\0\0\x01"), ")"],
  ],
  [
    "padding of a word that is not zero",
    ["nix-archive-1", padded("(", "\0\0\0\0\0\0\x01"), "type", "regular", "contents", "", ")"],
  ],
  [
    "padding of a name that is not zero",
    ["nix-archive-1", ...root(["entry", "(", "name", padded("a", "bbbbbbb"), "node", ...FILE, ")"])],
  ],
  ["a link without a target", ["nix-archive-1", "(", "type", "symlink", ")"]],
  ["a link to nothing", ["nix-archive-1", "(", "type", "symlink", "target", "", ")"]],
  ["a link with a zero byte", ["nix-archive-1", "(", "type", "symlink", "target", "a\0b", ")"]],
  ["a link of 4,096 bytes", ["nix-archive-1", "(", "type", "symlink", "target", "x".repeat(4096), ")"]],
  ["a name twice", ["nix-archive-1", ...root(entry("a"), entry("a"))]],
  ["names out of order", ["nix-archive-1", ...root(entry("b"), entry("a"))]],
  ["names in the order of signed bytes", ["nix-archive-1", ...root(entry("\xff"), entry("a"))]],
  ["names in the order of a dictionary", ["nix-archive-1", ...root(entry("a"), entry("B"))]],
  ["an empty name", ["nix-archive-1", ...root(entry(""))]],
  ["the name .", ["nix-archive-1", ...root(entry("."))]],
  ["the name ..", ["nix-archive-1", ...root(entry(".."))]],
  ["a name with a slash", ["nix-archive-1", ...root(entry("a/b"))]],
  ["a name with a zero byte", ["nix-archive-1", ...root(entry("a\0"))]],
  ["a name of 256 bytes", ["nix-archive-1", ...root(entry("x".repeat(256)))]],
  ["an entry without a name", ["nix-archive-1", ...root(["entry", "(", "node", ...FILE, ")"])]],
  ["an entry without a node", ["nix-archive-1", ...root(["entry", "(", "name", "a", ")"])]],
  [
    "an entry with two nodes",
    ["nix-archive-1", ...root(["entry", "(", "name", "a", "node", ...FILE, "node", ...FILE, ")"])],
  ],
  ["an entry that is not closed", ["nix-archive-1", ...root(["entry", "(", "name", "a", "node", ...FILE])]],
  ["something else among the entries", ["nix-archive-1", ...root(["exit", "(", ")"])]],
  [
    "directories without end",
    [
      "nix-archive-1",
      ...Array.from({ length: 2049 }, () => ["(", "type", "directory", "entry", "(", "name", "a", "node"]).flat(),
    ],
  ],
];

describe("a NAR", () => {
  it.each(REFUSED)("is refused with %s, in one piece and byte by byte", (_what, parts) => {
    const nar = encode(parts);
    expect(() => read([nar])).toThrow(expect.objectContaining({ code: "BadBytes" }));
    expect(() => read([...nar].map((byte) => Uint8Array.of(byte)))).toThrow(
      expect.objectContaining({ code: "BadBytes" }),
    );
  });

  it("is read with names that no text can be, in the order of their bytes", () => {
    const nar = encode(["nix-archive-1", ...root(entry("\n"), entry("A"), entry("a"), entry("a\xff"), entry("\xc3("))]);
    const names = read([nar]).flatMap((event) => (event.kind === "file" ? [event.name] : []));
    expect(names).toEqual(["\n", "A", "a", "a\xff", "\xc3("]);
  });

  it("is read with directories as deep as paths can be", () => {
    const deep = Array.from({ length: 2047 }).reduce<readonly Part[]>((inner) => root(entry("a", inner)), root());
    expect(read([encode(["nix-archive-1", ...deep])]).filter((event) => event.kind === "leave")).toHaveLength(2048);
  });

  it("tells where each file begins", () => {
    const nar = encode(["nix-archive-1", ...root(entry("a"), entry("b"))]);
    const offsets = read([nar.subarray(0, 100), nar.subarray(100)]).flatMap((event) =>
      event.kind === "file" ? [event.narOffset] : [],
    );
    expect(offsets.map((offset) => nar.subarray(offset, offset + 3).toString())).toEqual(["abc", "abc"]);
  });
});

function encode(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? string(part) : part)));
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  return Buffer.concat([length(BigInt(bytes.length)), bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}

function read(chunks: readonly Uint8Array[]): readonly NarEvent[] {
  const events: NarEvent[] = [];
  const reader = new NarReader((event) => events.push(event));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return events;
}
