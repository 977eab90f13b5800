import { describe, expect, it } from "vitest";
import { UnwrittenPieces } from "./unwritten-pieces.ts";

const bytes = Buffer.from("0123456789");

function slowWrite() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { write: () => promise, resolve, reject };
}

async function isPending(work: Promise<unknown>): Promise<boolean> {
  const later = new Promise((resolve) => setImmediate(resolve, "later"));
  return (await Promise.race([work.catch(() => undefined), later])) === "later";
}

describe("UnwrittenPieces", () => {
  it("has a piece until it is written", async () => {
    const pieces = new UnwrittenPieces();
    const slow = slowWrite();
    pieces.add(100, bytes, slow.write);
    expect(pieces.find(103, 105)).toEqual(Buffer.from("34"));
    expect(pieces.find(110, 111)).toBeUndefined();
    slow.resolve();
    await pieces.settled();
    expect(pieces.find(103, 105)).toBeUndefined();
  });

  it("holds the writer up while too much is unwritten", async () => {
    const pieces = new UnwrittenPieces();
    const [first, second] = [slowWrite(), slowWrite()];
    pieces.add(0, bytes, first.write);
    pieces.add(10, bytes, second.write);
    const room = pieces.until(10);
    expect(await isPending(room)).toBe(true);
    second.resolve();
    await room;
  });

  it("says where the file is behind", () => {
    const pieces = new UnwrittenPieces();
    pieces.add(20, bytes, slowWrite().write);
    pieces.add(50, bytes, slowWrite().write);
    expect(pieces.nextAfter(0, 100)).toBe(20);
    expect(pieces.nextAfter(30, 100)).toBe(50);
    expect(pieces.nextAfter(60, 100)).toBe(100);
    expect(pieces.nextAfter(0, 10)).toBe(10);
  });

  it("fails with the first piece that could not be written, and keeps that", async () => {
    const pieces = new UnwrittenPieces();
    const slow = slowWrite();
    pieces.add(0, bytes, slow.write);
    const room = pieces.until(0);
    slow.reject(Object.assign(new Error("write"), { code: "ENOSPC" }));
    await expect(room).rejects.toMatchObject({ code: "DiskFull" });
    await expect(pieces.until(100)).rejects.toMatchObject({ code: "DiskFull" });
    await pieces.settled();
    expect(pieces.find(0, 10)).toEqual(bytes);
  });
});
