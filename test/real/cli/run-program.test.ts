import { expect, it } from "vitest";
import { describeForBothUsers } from "./both-users.ts";
import type { RunFixture } from "./run-fixture.ts";

const sh = (fixture: RunFixture, script: string) => [
  fixture.programs.root,
  "--entrypoint",
  "bin/sh",
  "--",
  "-c",
  script,
];

describeForBothUsers("niphas run", (fixture) => {
  it("exits as the program does", async () => {
    expect(await fixture().run(sh(fixture(), "echo out; echo err >&2; exit 7"))).toEqual({
      exitCode: 7,
      signal: null,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  it("exits with 128 and the signal's number when one ended the program", async () => {
    expect((await fixture().run(sh(fixture(), "kill -KILL $$"))).exitCode).toBe(137);
    expect((await fixture().run(sh(fixture(), "kill -SEGV $$"))).exitCode).toBe(139);
  });

  it("hands standard input and arguments through", async () => {
    const cli = fixture().start([`${fixture().programs.root}/bin/cat`, "--", "-", "/etc/hostname", "/no-such-thing"]);
    cli.child.stdin?.end("typed\n");
    const result = await cli.ended();
    expect(result.stdout).toMatch(/^typed\n./);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("no-such-thing") });
  });

  it("lets the program die of a closed pipe, as in a shell", async () => {
    const cli = fixture().start(sh(fixture(), "trap - PIPE; while :; do echo x; done"));
    await cli.untilSays("x");
    cli.child.stdout?.destroy();
    expect((await cli.ended()).exitCode).toBe(141);
  });

  it("runs several at once from one state directory", async () => {
    const results = await Promise.all([1, 2, 3].map((number) => fixture().run(sh(fixture(), `exit ${number}`))));
    expect(results.map((result) => result.exitCode)).toEqual([1, 2, 3]);
  });

  it("says nothing by itself when there is nothing to fetch", async () => {
    expect((await fixture().run(sh(fixture(), ":"))).stderr).toBe("");
  });
});
