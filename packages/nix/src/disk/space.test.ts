import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { diskSpace, withDiskErrors } from "./space.ts";

describe("diskSpace", () => {
  it("gives counts and shares of a real file system", () => {
    const space = diskSpace(tmpdir());
    expect(space.freeBytes).toBeGreaterThan(0);
    expect(space.freeBytesRatio).toBeGreaterThan(0);
    expect(space.freeBytesRatio).toBeLessThanOrEqual(1);
    expect(space.freeInodesRatio).toBeLessThanOrEqual(1);
  });
});

describe("withDiskErrors", () => {
  const failing = (code: string) => () => {
    throw Object.assign(new Error(code), { code });
  };

  it.each([
    ["ENOSPC", "DiskFull"],
    ["EDQUOT", "DiskFull"],
    ["EROFS", "StoreUnavailable"],
  ])("names %s as %s", (systemCode, code) => {
    expect(() => withDiskErrors(tmpdir(), failing(systemCode))).toThrow(expect.objectContaining({ code }));
  });

  it("says how much is free where, and what to do", () => {
    expect(() => withDiskErrors(tmpdir(), failing("ENOSPC"))).toThrow(
      new RegExp(`\\d+ (?:MiB free )?on the file system of ${tmpdir()}\\): .*make room.*collects`),
    );
  });

  it("passes results and other errors on", () => {
    expect(withDiskErrors(tmpdir(), () => 7)).toBe(7);
    expect(() => withDiskErrors(tmpdir(), failing("EIO"))).toThrow("EIO");
  });
});
