import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { testNar } from "../twins/test-transfers.ts";
import { Spools } from "./spools.ts";

const MIB = 2 ** 20;
const FOREVER = new AbortController().signal;

describe("Spools", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "niphas-spools-"));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const space = (freeBytes: number, totalBytes: number) => ({
    diskSpace: () => ({ freeBytes, freeBytesRatio: freeBytes / totalBytes }),
  });
  const spoolsOf = (init: { diskBytes?: number; memoryBytes?: number } = {}, disk = space(2 ** 40, 2 ** 40)) =>
    new Spools(disk, { directory, ...init });

  it("removes what a crash has left", async () => {
    await writeFile(join(directory, "left"), "x");
    await mkdir(join(directory, "left too"));
    await spoolsOf().start();
    expect(await readdir(directory)).toEqual([]);
  });

  it("makes its directory", async () => {
    await rm(directory, { recursive: true });
    await spoolsOf().start();
    expect(await readdir(directory)).toEqual([]);
  });

  it("holds small NARs in memory while there is room, and others in files without a name", async () => {
    const spools = spoolsOf({ memoryBytes: MIB });
    const nars = [testNar(MIB, 0), testNar(MIB, 1), testNar(17 * MIB, 2)];
    const made = await Promise.all(nars.map(({ wanted }) => spools.begin(wanted)));
    expect(spools.usedBytes).toEqual({ memory: MIB, disk: 18 * MIB });
    expect(await readdir(directory)).toEqual([]);
    for (const [index, spool] of made.entries()) {
      const { bytes } = nars[index] ?? testNar(0);
      await spool.write(MIB / 2, bytes.subarray(MIB / 2), "a" as PeerId);
      await spool.write(0, bytes.subarray(0, MIB / 2), "b" as PeerId);
      await spool.verified(FOREVER);
      const chunks: Uint8Array[] = [];
      for await (const chunk of spool.readVerified({ start: 1, end: bytes.length }, FOREVER)) chunks.push(chunk);
      expect(Buffer.concat(chunks).equals(bytes.subarray(1))).toBe(true);
      await spool[Symbol.asyncDispose]();
    }
    expect(spools.usedBytes).toEqual({ memory: 0, disk: 0 });
  });

  it("refuses what is beyond its bound", async () => {
    const spools = spoolsOf({ memoryBytes: 0, diskBytes: MIB });
    await expect(spools.begin(testNar(MIB + 1).wanted)).rejects.toMatchObject({ code: "DiskFull" });
    expect(spools.usedBytes.disk).toBe(0);
  });

  it("leaves a tenth of the disk free", async () => {
    const spools = spoolsOf({ memoryBytes: 0 }, space(12 * MIB, 100 * MIB));
    await expect(spools.begin(testNar(3 * MIB).wanted)).rejects.toMatchObject({ code: "DiskFull" });
    await using spool = await spools.begin(testNar(MIB).wanted);
    expect(spool.state).toBe("filling");
  });

  it("gives the room back when there can be no file", async () => {
    const spools = spoolsOf({ memoryBytes: 0 });
    await rm(directory, { recursive: true });
    await expect(spools.begin(testNar(MIB).wanted)).rejects.toThrow();
    expect(spools.usedBytes.disk).toBe(0);
  });
});
