import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { UserKind } from "./cli.ts";
import { RunFixture } from "./run-fixture.ts";

describe.each<UserKind>(["root", "ordinary user"])("niphas run as %s", (user) => {
  let fixture: RunFixture;
  beforeAll(async () => {
    fixture = await RunFixture.create(user);
  });
  afterAll(async () => await fixture[Symbol.asyncDispose]());
  afterEach(() => expect(fixture.leftovers()).toEqual([]));

  const sh = (script: string) => [fixture.programs.root, "--entrypoint", "bin/sh", "--", "-c", script];

  it("exits as the program does", async () => {
    expect(await fixture.run(sh("echo out; echo err >&2; exit 7"))).toEqual({
      exitCode: 7,
      signal: null,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  it("exits with 128 and the signal's number when one ended the program", async () => {
    expect((await fixture.run(sh("kill -KILL $$"))).exitCode).toBe(137);
    expect((await fixture.run(sh("kill -SEGV $$"))).exitCode).toBe(139);
  });

  it("hands standard input and arguments through", async () => {
    const cli = fixture.start([`${fixture.programs.root}/bin/cat`, "--", "-", "/etc/hostname", "/no-such-thing"]);
    cli.child.stdin?.end("typed\n");
    const result = await cli.ended();
    expect(result.stdout).toMatch(/^typed\n./);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("no-such-thing") });
  });

  it("lets the program die of a closed pipe, as in a shell", async () => {
    const cli = fixture.start(sh("trap - PIPE; while :; do echo x; done"));
    await cli.untilSays("x");
    cli.child.stdout?.destroy();
    expect((await cli.ended()).exitCode).toBe(141);
  });

  it("says which program is missing, and what there is, with 127", async () => {
    const result = await fixture.run([fixture.programs.root, "--entrypoint", "bin/none"]);
    expect(result).toMatchObject({ exitCode: 127, stdout: "" });
    expect(result.stderr).toMatch(/^niphas: .*bin\/none is not there; there is bin\/cat.*\n$/);
  });

  it("cannot choose between several programs, with 127", async () => {
    const result = await fixture.run([fixture.programs.root]);
    expect(result).toMatchObject({ exitCode: 127, stderr: expect.stringContaining("choose one with --entrypoint") });
  });

  it("says why a program cannot be executed, with 126", async () => {
    const data = await fixture.run([fixture.programs.root, "--entrypoint", "bin/data"]);
    expect(data).toMatchObject({ exitCode: 126, stderr: expect.stringContaining("is not executable") });
    const script = await fixture.run([fixture.programs.root, "--entrypoint", "bin/needs-nothing-there"]);
    expect(script).toMatchObject({ exitCode: 126, stderr: expect.stringContaining("needs /nix/store/none/bin/sh") });
  });

  it("fails with 125 for everything else, once and in words", async () => {
    const missing = await fixture.run([`/nix/store/${"0".repeat(32)}-none`, "--quiet"]);
    expect(missing.exitCode).toBe(125);
    expect(missing.stderr).toMatch(/^niphas: [^\n]*\n$/);
    expect((await fixture.run([fixture.programs.root, "--no-such-flag"])).exitCode).toBe(125);
    const workdir = await fixture.run([fixture.programs.root, "--entrypoint", "bin/sh", "--workdir", "/none"]);
    expect(workdir).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining("--workdir /none cannot be entered"),
    });
    const bind = await fixture.run([fixture.programs.root, "--bind", "/none:/x", "--entrypoint", "bin/sh"]);
    expect(bind).toMatchObject({ exitCode: 125, stderr: "niphas: --bind /none is not there\n" });
  });

  it("runs several at once from one state directory", async () => {
    const results = await Promise.all([1, 2, 3].map((number) => fixture.run(sh(`exit ${number}`))));
    expect(results.map((result) => result.exitCode)).toEqual([1, 2, 3]);
  });

  it("says nothing by itself when there is nothing to fetch", async () => {
    expect((await fixture.run(sh(":"))).stderr).toBe("");
  });
});
