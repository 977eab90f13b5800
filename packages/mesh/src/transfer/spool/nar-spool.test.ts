import { NiphasError } from "@niphas/core";
import { describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { type TestNar, testNar } from "../twins/test-transfers.ts";
import { MemoryBytes } from "./memory-bytes.ts";
import { NarSpool } from "./nar-spool.ts";
import type { SpoolBytes } from "./spool-bytes.ts";

const MIB = 2 ** 20;
const PEER = "peer" as PeerId;
const FOREVER = new AbortController().signal;

function spoolOf(nar: TestNar, onClose = () => undefined, holdBackMs = Number.POSITIVE_INFINITY) {
  const { wanted } = nar;
  return new NarSpool({ bytes: new MemoryBytes({ sizeBytes: wanted.narSizeBytes, onClose }) }, { wanted, holdBackMs });
}

const all = ({ wanted }: TestNar) => ({ start: 0, end: wanted.narSizeBytes });

async function pending(work: Promise<unknown>): Promise<boolean> {
  const later = new Promise((resolve) => setImmediate(resolve, "later"));
  return (await Promise.race([work.catch(() => undefined), later])) === "later";
}

describe("NarSpool", () => {
  it("is verified when all bytes are there and right, whatever their order", async () => {
    const nar = testNar(MIB);
    const spool = spoolOf(nar);
    await spool.write(MIB / 2, nar.bytes.subarray(MIB / 2), PEER);
    expect(spool.state).toBe("filling");
    await spool.write(0, nar.bytes.subarray(0, MIB / 2), PEER);
    await spool.verified(FOREVER);
    expect(spool.state).toBe("verified");
  });

  it("gives Nix a small NAR as it comes when that takes long, but never its end before it is verified", async () => {
    const nar = testNar(MIB);
    const spool = spoolOf(nar, undefined, -1);
    await spool.write(0, nar.bytes.subarray(0, MIB - 1), PEER);
    const got: Uint8Array[] = [];
    const read = (async () => {
      for await (const bytes of spool.readVerified(all(nar), FOREVER)) got.push(bytes);
    })();
    expect(await pending(read)).toBe(true);
    expect(Buffer.concat(got)).toEqual(nar.bytes.subarray(0, MIB - 64 * 1024));
    await spool.write(MIB - 1, nar.bytes.subarray(MIB - 1), PEER);
    await read;
    expect(Buffer.concat(got)).toEqual(nar.bytes);
    await spool[Symbol.asyncDispose]();
  });

  it("gives Nix no byte of a small NAR before it is verified", async () => {
    const nar = testNar(MIB);
    const spool = spoolOf(nar);
    const reader = spool.readVerified(all(nar), FOREVER);
    await spool.write(0, nar.bytes.subarray(0, MIB - 1), PEER);
    const first = reader.next();
    expect(await pending(first)).toBe(true);
    await spool.write(MIB - 1, nar.bytes.subarray(MIB - 1), PEER);
    expect((await first).value).toEqual(nar.bytes.subarray(0, 256 * 1024));
    await reader.return();
  });

  it("gives Nix a large NAR as it comes, but for the last 64 KiB of what was asked for", async () => {
    const nar = testNar(17 * MIB);
    const spool = spoolOf(nar);
    await spool.write(0, nar.bytes.subarray(0, 17 * MIB - 1), PEER);
    const reader = spool.readVerified({ start: MIB, end: 2 * MIB }, FOREVER);
    for (let position = MIB; position < 2 * MIB - 64 * 1024; ) {
      const { value } = await reader.next();
      expect(value).toEqual(nar.bytes.subarray(position, position + (value?.length ?? 0)));
      position += value?.length ?? 0;
      expect(position).toBeLessThanOrEqual(2 * MIB - 64 * 1024);
    }
    const last = reader.next();
    expect(await pending(last)).toBe(true);
    await spool.write(17 * MIB - 1, nar.bytes.subarray(17 * MIB - 1), PEER);
    expect((await last).value).toEqual(nar.bytes.subarray(2 * MIB - 64 * 1024, 2 * MIB));
  });

  it("never gives the end of a NAR with a wrong byte", async () => {
    const nar = testNar(17 * MIB);
    const spool = spoolOf(nar);
    const bad = Buffer.from(nar.bytes);
    bad[5] = 0xff;
    await spool.write(0, bad, PEER);
    const read = async (): Promise<void> => {
      for await (const _ of spool.readVerified(all(nar), FOREVER));
    };
    await expect(read()).rejects.toMatchObject({ code: "BadBytes" });
  });

  it("lets peers read what has come, and the end only when it is verified", async () => {
    const nar = testNar(MIB);
    const spool = spoolOf(nar);
    await spool.write(0, nar.bytes.subarray(0, MIB - 1), PEER);
    expect(spool.availableEnd(0)).toBe(MIB - 64 * 1024);
    await spool.write(MIB - 1, nar.bytes.subarray(MIB - 1), PEER);
    expect(spool.availableEnd(0)).toBe(MIB);
  });

  it("takes no byte twice", async () => {
    const nar = testNar(100);
    const spool = spoolOf(nar);
    await spool.write(0, nar.bytes.subarray(0, 50), PEER);
    await expect(spool.write(49, nar.bytes.subarray(49), PEER)).rejects.toMatchObject({ code: "Internal" });
  });

  it("ends its readers with the error that it failed with", async () => {
    const nar = testNar(MIB);
    const spool = spoolOf(nar);
    const read = spool.readVerified(all(nar), FOREVER).next();
    spool.fail(new NiphasError("DiskFull", "full"));
    await expect(read).rejects.toMatchObject({ code: "DiskFull" });
  });

  it("fails when the disk is full, and so do its writers and readers", async () => {
    const nar = testNar(MIB);
    const full = Object.assign(new Error("write"), { code: "ENOSPC" });
    const bytes: SpoolBytes = {
      write: (start) => (start === 0 ? Promise.resolve() : Promise.reject(full)),
      read: () => Promise.reject(full),
      close: () => Promise.resolve(),
    };
    const spool = new NarSpool({ bytes }, { wanted: nar.wanted });
    const read = spool.readVerified(all(nar), FOREVER).next();
    read.catch(() => undefined);
    await spool.write(0, nar.bytes.subarray(0, 10), PEER);
    await expect(spool.write(10, nar.bytes.subarray(10), PEER)).rejects.toMatchObject({ code: "DiskFull" });
    await expect(read).rejects.toMatchObject({ code: "DiskFull" });
    expect(spool.availableEnd(0)).toBe(0);
  });

  it("keeps its bytes until the last reader has gone", async () => {
    const nar = testNar(MIB);
    let isClosed = false;
    const spool = spoolOf(nar, () => {
      isClosed = true;
    });
    await spool.write(0, nar.bytes, PEER);
    const reader = spool.readVerified(all(nar), FOREVER);
    await reader.next();
    await spool[Symbol.asyncDispose]();
    expect(isClosed).toBe(false);
    await reader.return();
    expect(isClosed).toBe(true);
  });
});
