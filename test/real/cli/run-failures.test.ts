import { expect, it } from "vitest";
import { describeForBothUsers } from "./both-users.ts";

describeForBothUsers("niphas run of what cannot run", (fixture) => {
  it("says which program is missing, and what there is, with 127", async () => {
    const result = await fixture().run([fixture().programs.root, "--entrypoint", "bin/none"]);
    expect(result).toMatchObject({ exitCode: 127, stdout: "" });
    expect(result.stderr).toMatch(/^niphas: .*bin\/none is not there; there is bin\/cat.*\n$/);
  });

  it("cannot choose between several programs, with 127", async () => {
    const result = await fixture().run([fixture().programs.root]);
    expect(result).toMatchObject({ exitCode: 127, stderr: expect.stringContaining("choose one with --entrypoint") });
  });

  it("says why a program cannot be executed, with 126", async () => {
    const data = await fixture().run([fixture().programs.root, "--entrypoint", "bin/data"]);
    expect(data).toMatchObject({ exitCode: 126, stderr: expect.stringContaining("is not executable") });
    const script = await fixture().run([fixture().programs.root, "--entrypoint", "bin/needs-nothing-there"]);
    expect(script).toMatchObject({ exitCode: 126, stderr: expect.stringContaining("needs /nix/store/none/bin/sh") });
  });

  it("fails with 125 for everything else, once and in words", async () => {
    const missing = await fixture().run([`/nix/store/${"0".repeat(32)}-none`, "--quiet"]);
    expect(missing.exitCode).toBe(125);
    expect(missing.stderr).toMatch(/^niphas: [^\n]*\n$/);
    expect((await fixture().run([fixture().programs.root, "--no-such-flag"])).exitCode).toBe(125);
    const workdir = await fixture().run([fixture().programs.root, "--entrypoint", "bin/sh", "--workdir", "/none"]);
    expect(workdir).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining("--workdir /none cannot be entered"),
    });
    const bind = await fixture().run([fixture().programs.root, "--bind", "/none:/x", "--entrypoint", "bin/sh"]);
    expect(bind).toMatchObject({ exitCode: 125, stderr: "niphas: --bind /none is not there\n" });
  });
});
