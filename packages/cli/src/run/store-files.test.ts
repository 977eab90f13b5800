import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PhysicalStoreFiles } from "./store-files.ts";

const A = `${"a".repeat(32)}-a`;
const B = `${"b".repeat(32)}-b`;
const a = `/nix/store/${A}`;
const b = `/nix/store/${B}`;

describe("PhysicalStoreFiles", () => {
  let dir = "";

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "niphas-store-files-"));
    mkdirSync(join(dir, A, "bin"), { recursive: true });
    mkdirSync(join(dir, B, "bin"), { recursive: true });
    writeFileSync(join(dir, A, "bin/tool"), "");
    chmodSync(join(dir, A, "bin/tool"), 0o555);
    writeFileSync(join(dir, A, "bin/data"), "");
    symlinkSync(`${a}/bin/tool`, join(dir, B, "bin/absolute"));
    symlinkSync(`../../${A}/bin/tool`, join(dir, B, "bin/relative"));
    symlinkSync(`${a}/bin`, join(dir, B, "dir"));
    symlinkSync("/bin/sh", join(dir, B, "bin/outside"));
    symlinkSync("loop", join(dir, B, "bin/loop"));
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it("tells programs, files, directories and nothing apart", () => {
    const files = new PhysicalStoreFiles(dir);
    expect(files.kindOf(`${a}/bin/tool`)).toBe("executable");
    expect(files.kindOf(`${a}/bin/data`)).toBe("file");
    expect(files.kindOf(a)).toBe("directory");
    expect(files.kindOf(`${a}/bin/none`)).toBe("missing");
    expect(files.kindOf(`${a}/bin/tool/below`)).toBe("missing");
  });

  it("follows links inside this store, wherever it lies", () => {
    const files = new PhysicalStoreFiles(dir);
    expect(files.kindOf(`${b}/bin/absolute`)).toBe("executable");
    expect(files.kindOf(`${b}/bin/relative`)).toBe("executable");
    expect(files.kindOf(`${b}/dir/tool`)).toBe("executable");
    expect(files.list(`${b}/dir`)).toEqual(["data", "tool"]);
  });

  it("does not follow links out of the store, nor in circles", () => {
    const files = new PhysicalStoreFiles(dir);
    expect(files.kindOf(`${b}/bin/outside`)).toBe("missing");
    expect(files.kindOf(`${b}/bin/loop`)).toBe("missing");
    expect(files.kindOf("/etc/passwd")).toBe("missing");
  });
});
