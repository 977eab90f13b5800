import { randomBytes } from "node:crypto";
import { temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { SPOOL_LIMITS } from "../limits.ts";
import { FileBytes } from "./file-bytes.ts";
import { RecentPieces } from "./recent-pieces.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** @param recentBytes 0: everything is read from the file, or while it is being written */
async function open(recentBytes: number = SPOOL_LIMITS.recentBytes) {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(temporaryDirectory("file-bytes"));
  const recent = new RecentPieces({ maxBytes: recentBytes });
  const state = { isClosed: false };
  const onClose = (): void => {
    state.isClosed = true;
  };
  const file = await FileBytes.create({ recent }, { directory: directory.path, onClose });
  const moved = stack.move();
  return { file, recent, state, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

async function readAll(file: FileBytes, start: number, end: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let at = start; at < end; at += pieces.at(-1)?.length ?? 0) pieces.push(await file.read(at, end));
  return Buffer.concat(pieces);
}

describe.each([0, 256 * KIB, 2 * MIB])("a NAR in a file with %d bytes of memory", (recentBytes) => {
  it("is read as it was written, whatever the order and size of the pieces", async () => {
    await using rig = await open(recentBytes);
    const nar = randomBytes(2 * MIB + 7);
    const pieceBytes = 100_000;
    const starts = Array.from({ length: Math.ceil(nar.length / pieceBytes) }, (_, index) => index * pieceBytes);
    const evenFirst = [
      ...starts.filter((_, index) => index % 2 === 0),
      ...starts.filter((_, index) => index % 2 === 1),
    ];
    for (const start of evenFirst) {
      const piece = nar.subarray(start, start + pieceBytes);
      await rig.file.write(start, piece);
      // While it is still on its way, and when it has come to the file.
      expect((await readAll(rig.file, start, start + piece.length)).equals(piece)).toBe(true);
    }
    expect((await readAll(rig.file, 0, nar.length)).equals(nar)).toBe(true);
    expect((await readAll(rig.file, 99_999, 100_001)).equals(nar.subarray(99_999, 100_001))).toBe(true);
    await rig.file.close();
  });
});

describe("FileBytes", () => {
  it("gives what was just written without the file", async () => {
    await using rig = await open();
    const bytes = Buffer.alloc(MIB, "x");
    await rig.file.write(0, bytes);
    expect((await rig.file.read(0, MIB)).buffer).toBe(bytes.buffer);
    await rig.file.close();
  });

  it("does not keep a large buffer for a small part of it", async () => {
    await using rig = await open();
    const whole = Buffer.alloc(MIB, "x");
    await rig.file.write(0, whole.subarray(10, 20));
    expect((await rig.file.read(0, 10)).buffer.byteLength).toBeLessThan(MIB);
    await rig.file.close();
  });

  it("gives at most one piece at once", async () => {
    await using rig = await open(0);
    await rig.file.write(0, Buffer.alloc(MIB));
    expect((await rig.file.read(0, MIB)).length).toBeLessThanOrEqual(SPOOL_LIMITS.pieceBytes);
    await rig.file.close();
  });

  it("leaves nothing in memory when it is closed", async () => {
    await using rig = await open();
    void rig.file.write(0, Buffer.alloc(MIB));
    await rig.file.close();
    expect(rig.recent.sizeBytes).toBe(0);
    expect(rig.state.isClosed).toBe(true);
  });
});
