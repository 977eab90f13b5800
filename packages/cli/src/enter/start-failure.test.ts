import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explainStartFailure, interpreterOf } from "./start-failure.ts";

describe("explainStartFailure", () => {
  let dir = "";
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "niphas-start-"));
    writeFileSync(join(dir, "script"), "#!/nix/store/none/bin/sh -e\n");
    chmodSync(join(dir, "script"), 0o755);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it("tells a program that is not there from an interpreter that is not", () => {
    expect(explainStartFailure(join(dir, "none"), "ENOENT").reason).toBe("missing");
    expect(explainStartFailure(join(dir, "script"), "ENOENT")).toEqual({
      reason: "program",
      message: expect.stringContaining("needs /nix/store/none/bin/sh, which the closure does not hold"),
    });
  });

  it("says what to do about the other answers of the kernel", () => {
    expect(explainStartFailure(join(dir, "script"), "EACCES").message).toContain("--entrypoint");
    expect(explainStartFailure(join(dir, "script"), "ENOEXEC").message).toContain("#! line");
    expect(explainStartFailure(join(dir, "script"), "E2BIG").message).toContain("(E2BIG)");
  });

  it("finds the interpreter of this very Node.js", () => {
    expect(interpreterOf(process.execPath)).toMatch(/^\/.*ld/);
  });

  it("reads any bytes without failing", () => {
    const file = join(dir, "bytes");
    const elf = fc.uint8Array({ maxLength: 200 }).map((tail) => Buffer.concat([Buffer.from("\x7fELF\x02\x01"), tail]));
    fc.assert(
      fc.property(fc.oneof(elf, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        writeFileSync(file, bytes);
        const found = interpreterOf(file);
        expect(found === undefined || found.length > 0).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
