import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ByteString, byteString, byteStringBytes, fromLatin1 } from "./byte-string.ts";
import type { NarEntry, NarEvent } from "./event.ts";
import { NarPlan } from "./plan.ts";
import { NarPlanBuilder } from "./plan-builder.ts";
import { NarReader } from "./reader.ts";

type Tree =
  | { readonly kind: "file"; readonly content: Uint8Array; readonly isExecutable: boolean }
  | { readonly kind: "symlink"; readonly target: ByteString }
  | { readonly kind: "directory"; readonly entries: ReadonlyMap<ByteString, Tree> };

const byte = fc.integer({ min: 1, max: 255 });
const bytes = (maxLength: number) =>
  fc.array(byte, { minLength: 1, maxLength }).map((each) => byteString(Uint8Array.from(each)));
const name = fc
  .oneof(bytes(12), fc.constantFrom("a", "a.b", "ab", "a-", "\n", "\xff", "\xc3\x28", "x".repeat(255)).map(fromLatin1))
  .filter((each) => each !== "." && each !== ".." && !each.includes("/"));
const leaf: fc.Arbitrary<Tree> = fc.oneof(
  fc.record({
    kind: fc.constant("file" as const),
    content: fc.uint8Array({ maxLength: 40 }),
    isExecutable: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("symlink" as const), target: bytes(30) }),
);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc
      .array(fc.tuple(name, tie("tree")), { maxLength: 5 })
      .map((entries): Tree => ({ kind: "directory", entries: new Map(entries) })),
  ),
}));

describe("a plan", () => {
  it("has the size of the NAR and gives its bytes", () => {
    fc.assert(
      fc.property(tree, (each) => {
        const { plan, files } = planOf(each);
        const nar = encode(each);
        expect(plan.sizeBytes).toBe(nar.length);
        expect(rangeOf(plan, files, 0, nar.length)).toEqual(nar);
      }),
    );
  });

  it("gives any range as a slice of the NAR", () => {
    fc.assert(
      fc.property(tree, fc.nat(), fc.nat(), (each, first, second) => {
        const { plan, files } = planOf(each);
        const nar = encode(each);
        const [start = 0, end = 0] = [first % (nar.length + 1), second % (nar.length + 1)].sort((a, b) => a - b);
        expect(rangeOf(plan, files, start, end)).toEqual(nar.subarray(start, end));
      }),
      { numRuns: 500 },
    );
  });

  it("tells of the tree what a reader tells of its NAR", () => {
    fc.assert(
      fc.property(tree, (each) => {
        const entries = read([encode(each)]).filter((event) => event.kind !== "contents");
        expect([...planOf(each).plan.entries()]).toEqual(entries);
      }),
    );
  });

  it("is the same in another thread, which has its buffer", () => {
    const { plan, files } = planOf({ kind: "directory", entries: new Map([[fromLatin1("a"), file("b")]]) });
    const copy = new NarPlan(structuredClone(plan.buffer));
    expect(rangeOf(copy, files, 0, copy.sizeBytes)).toEqual(rangeOf(plan, files, 0, plan.sizeBytes));
    expect(copy.pathOf(1)).toBe("a");
  });

  it("has names in whatever order they are asked for", () => {
    const names = Array.from({ length: 2000 }, (_, index) => fromLatin1(`${10_000 + index}${"x".repeat(index % 250)}`));
    const entries = new Map(names.map((each) => [each, file("")] as const));
    const { plan } = planOf({ kind: "directory", entries });
    fc.assert(
      fc.property(fc.array(fc.nat({ max: names.length - 1 })), (asked) => {
        for (const index of asked) expect(plan.nameOf(index + 1)).toBe(names[index]);
      }),
    );
  });

  it("takes less than 50 bytes an entry, and a name of 12, for 100,000 entries", () => {
    const builder = new NarPlanBuilder();
    builder.enterDirectory(fromLatin1(""));
    for (let index = 0; index < 99_999; index++) builder.file(fromLatin1(`file-${100_000 + index}`));
    builder.leaveDirectory();
    const draft = builder.draft();
    for (let entry = 1; entry < 100_000; entry++) draft.measure(entry, { sizeBytes: 2 ** 36, isExecutable: false });
    const plan = draft.finish();
    expect(plan.entryCount).toBe(100_000);
    expect(plan.buffer.byteLength).toBeLessThan(50 * 100_000);
    const middle = plan.sizeBytes / 2;
    const asked: number[] = [];
    plan.fill(Buffer.alloc(10), middle, (_entry, start, end, at) => asked.push(end - start, at));
    expect(asked).toEqual([10, 0]);
  });

  it.each([
    [1, -1],
    [10_000, 0],
    [1, 0.5],
    [1, Number.NaN],
  ])("refuses %d bytes from %d on", (length, start) => {
    const { plan } = planOf(file("a"));
    expect(() => plan.fill(Buffer.alloc(length), start, () => undefined)).toThrow(
      expect.objectContaining({ code: "InvalidRequest" }),
    );
  });
});

describe("a reader", () => {
  it("reads what was written, however it is cut", () => {
    fc.assert(
      fc.property(tree, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }), (each, cuts) => {
        const nar = encode(each);
        expect(joined(read(cutIn(nar, cuts)))).toEqual(joined(read([nar])));
        expect(rebuild(read(cutIn(nar, cuts)))).toEqual(nar);
      }),
    );
  });

  it("reads or refuses changed bytes, and what it reads is canonical", () => {
    const change = fc.record({ at: fc.nat(), remove: fc.nat({ max: 20 }), insert: fc.uint8Array({ maxLength: 20 }) });
    fc.assert(
      fc.property(tree, fc.array(change, { minLength: 1, maxLength: 3 }), (each, changes) => {
        let nar: Uint8Array = encode(each);
        for (const { at, remove, insert } of changes) {
          const start = at % nar.length;
          nar = Buffer.concat([nar.subarray(0, start), insert, nar.subarray(start + remove)]);
        }
        const events = readOrRefuse(nar);
        if (events !== undefined) expect(rebuild(events)).toEqual(nar);
      }),
      { numRuns: 2000 },
    );
  });

  it("reads or refuses one changed byte, and what it reads is canonical", () => {
    fc.assert(
      fc.property(tree, fc.nat(), byte, (each, at, difference) => {
        const nar = encode(each);
        const index = at % nar.length;
        nar[index] = (nar[index] ?? 0) ^ difference;
        const events = readOrRefuse(nar);
        if (events !== undefined) expect(rebuild(events)).toEqual(nar);
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses a NAR that is cut short, at every place", () => {
    const nar = encode({ kind: "directory", entries: new Map([[fromLatin1("a"), file("abc")]]) });
    for (let length = 0; length < nar.length; length++) expect(readOrRefuse(nar.subarray(0, length))).toBeUndefined();
    expect(readOrRefuse(nar)).toBeDefined();
  });
});

function file(text: string): Tree {
  return { kind: "file", content: Buffer.from(text), isExecutable: false };
}

/** The plan, and each file's bytes by its entry. */
function planOf(each: Tree): { readonly plan: NarPlan; readonly files: ReadonlyMap<number, Uint8Array> } {
  const builder = new NarPlanBuilder();
  const contents = new Map<number, Uint8Array>();
  const programs = new Set<number>();
  let count = 0;
  const add = (node: Tree, nodeName: ByteString): void => {
    const entry = count++;
    if (node.kind === "symlink") builder.symlink(nodeName, node.target);
    else if (node.kind === "file") {
      builder.file(nodeName);
      contents.set(entry, node.content);
      if (node.isExecutable) programs.add(entry);
    } else {
      builder.enterDirectory(nodeName);
      for (const [childName, child] of sorted(node.entries)) add(child, childName);
      builder.leaveDirectory();
    }
  };
  add(each, fromLatin1(""));
  return { plan: measured(builder, contents, programs), files: contents };
}

function measured(
  builder: NarPlanBuilder,
  contents: ReadonlyMap<number, Uint8Array>,
  programs: ReadonlySet<number>,
): NarPlan {
  const draft = builder.draft();
  for (let entry = 0; entry < draft.entryCount; entry++) {
    const sizeBytes = contents.get(entry)?.length ?? 0;
    if (draft.isFile(entry)) draft.measure(entry, { sizeBytes, isExecutable: programs.has(entry) });
  }
  return draft.finish();
}

function rangeOf(plan: NarPlan, contents: ReadonlyMap<number, Uint8Array>, start: number, end: number): Buffer {
  const target = Buffer.alloc(end - start, 0xaa);
  plan.fill(target, start, (entry, from, to, at) => {
    expect(to).toBeGreaterThan(from);
    target.set((contents.get(entry) ?? new Uint8Array()).subarray(from, to), at);
  });
  return target;
}

/** The grammar of Nix's manual, word for word. */
function encode(each: Tree): Buffer {
  return Buffer.concat([str("nix-archive-1"), node(each)]);
}

function node(each: Tree): Buffer {
  return Buffer.concat([str("("), str("type"), ...inside(each), str(")")]);
}

function inside(each: Tree): readonly Buffer[] {
  if (each.kind === "symlink") return [str("symlink"), str("target"), str(each.target)];
  if (each.kind === "file") {
    const executable = each.isExecutable ? [str("executable"), str("")] : [];
    return [str("regular"), ...executable, str("contents"), str(byteString(each.content))];
  }
  const entries = sorted(each.entries).flatMap(([childName, child]) => [
    ...[str("entry"), str("("), str("name"), str(childName), str("node"), node(child), str(")")],
  ]);
  return [str("directory"), ...entries];
}

function str(text: string): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, Buffer.from(text, "latin1"), Buffer.alloc((8 - (text.length % 8)) % 8)]);
}

function sorted(entries: ReadonlyMap<ByteString, Tree>): readonly [ByteString, Tree][] {
  return [...entries].sort(([a], [b]) => Buffer.compare(byteStringBytes(a), byteStringBytes(b)));
}

function read(chunks: readonly Uint8Array[]): readonly NarEvent[] {
  const events: NarEvent[] = [];
  const reader = new NarReader((event) => events.push(event));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  expect(reader.offset).toBe(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  return events;
}

function readOrRefuse(nar: Uint8Array): readonly NarEvent[] | undefined {
  try {
    return read([nar]);
  } catch (error) {
    expect(error).toMatchObject({ code: "BadBytes" });
    return undefined;
  }
}

function cutIn(nar: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < nar.length; at += chunks.at(-1)?.length ?? 0) {
    chunks.push(nar.subarray(at, at + (cuts[chunks.length % cuts.length] ?? 1)));
  }
  return chunks;
}

/** Contents of one file in one piece. */
function joined(events: readonly NarEvent[]): readonly (NarEntry | Buffer)[] {
  const result: (NarEntry | Buffer)[] = [];
  for (const event of events) {
    const last = result.at(-1);
    if (event.kind !== "contents") result.push(event);
    else if (Buffer.isBuffer(last)) result[result.length - 1] = Buffer.concat([last, event.bytes]);
    else result.push(Buffer.from(event.bytes));
  }
  return result;
}

/** The only NAR that says this. */
function rebuild(events: readonly NarEvent[]): Buffer {
  const builder = new NarPlanBuilder();
  const contents = new Map<number, Uint8Array>();
  const programs = new Set<number>();
  let entry = -1;
  for (const event of joined(events)) {
    if (Buffer.isBuffer(event)) {
      contents.set(entry, event);
      continue;
    }
    if (event.kind !== "leave") entry++;
    if (event.kind === "file" && event.isExecutable) programs.add(entry);
    put(builder, event);
  }
  const plan = measured(builder, contents, programs);
  return rangeOf(plan, contents, 0, plan.sizeBytes);
}

function put(builder: NarPlanBuilder, event: NarEntry): void {
  if (event.kind === "file") builder.file(event.name);
  else if (event.kind === "symlink") builder.symlink(event.name, event.target);
  else if (event.kind === "directory") builder.enterDirectory(event.name);
  else builder.leaveDirectory();
}
