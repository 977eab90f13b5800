import { describe, expect, test } from "vitest";
import { isSystem, systemOf } from "./system.ts";

describe("a system", () => {
  test.each([
    ["x64", "x86_64-linux"],
    ["arm64", "aarch64-linux"],
    ["riscv64", "riscv64-linux"],
  ])("of the Node.js architecture %s is %s", (arch, system) => {
    expect(systemOf(arch)).toBe(system);
    expect(isSystem(systemOf(arch))).toBe(true);
  });

  test.each([
    "",
    "mips",
    "X64",
    "constructor",
    "__proto__",
    "toString",
  ])("is not known for the architecture %j", (arch) => {
    expect(() => systemOf(arch)).toThrow(expect.objectContaining({ code: "InvalidConfiguration" }));
  });

  test.each(["x86_64-linux", "aarch64-darwin", "armv7l-linux", "i686-linux"])("may be %s", (text) => {
    expect(isSystem(text)).toBe(true);
  });

  test.each([
    "",
    "linux",
    "x86_64",
    "x86_64-windows",
    "X86_64-linux",
    "x86_64-linux\n",
    "-linux",
    "a.b-linux",
  ])("is not %j", (text) => {
    expect(isSystem(text)).toBe(false);
  });
});
