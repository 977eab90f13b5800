import { describe, expect, it } from "vitest";
import { sizeField } from "./node-processes.ts";

const ROLLUP = "Rss:                1024 kB\nPss:                 512 kB\nPss_Anon:            100 kB\n";

describe("a size in a file of /proc", () => {
  it("is found by its whole name and given in bytes", () => {
    expect(sizeField(ROLLUP, "Pss")).toBe(512 * 1024);
    expect(sizeField(ROLLUP, "Pss_Anon")).toBe(100 * 1024);
  });

  it("that is missing is an error, not 0", () => {
    expect(() => sizeField(ROLLUP, "Pss_Shmem")).toThrow("Pss_Shmem");
    expect(() => sizeField("", "Pss")).toThrow("Pss");
  });
});
