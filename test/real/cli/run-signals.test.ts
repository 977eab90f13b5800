import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { waitUntil } from "@niphas/testing";
import { expect, it } from "vitest";
import { describeForBothUsers } from "./both-users.ts";

/** A program that counts one signal and says how often it came when it is told to end. */
const counting = (signal: string) =>
  `n=0; trap 'n=$((n+1)); echo got $n' ${signal}; trap 'echo total $n; exit 42' TERM; echo ready; while :; do sleep 0.05; done`;

describeForBothUsers("signals to niphas run", (fixture) => {
  const start = (script: string) =>
    fixture().start([fixture().programs.root, "--entrypoint", "bin/sh", "--", "-c", script]);

  it.each(["USR1", "USR2", "HUP", "WINCH", "INT", "QUIT"] as const)("pass SIG%s on, once", async (name) => {
    await using cli = start(counting(name));
    await cli.untilSays("ready");
    cli.kill(`SIG${name}`);
    await cli.untilSays("got 1");
    cli.kill("SIGTERM");
    expect(await cli.ended()).toMatchObject({ exitCode: 42, stdout: expect.stringContaining("total 1") });
  });

  it("pass SIGTERM on and exit with 143 when the program dies of it", async () => {
    await using cli = start("echo ready; exec sleep 1000");
    await cli.untilSays("ready");
    cli.kill("SIGTERM");
    expect((await cli.ended()).exitCode).toBe(143);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)("end the run as they would end the program when %s comes before there is one", async (name, exitCode) => {
    await using cli = fixture().start([fixture().programs.root, "--entrypoint", "bin/sh"], {
      env: { PATH: `${slowUnshare(fixture().directory.join("slow"))}:${process.env["PATH"]}` },
    });
    await cli.untilSays("not yet");
    cli.kill(name);
    expect(await cli.ended()).toMatchObject({ exitCode, stderr: "" });
  });

  it("wait for a program that does not die of the first signal", async () => {
    await using cli = start("trap '' TERM; echo ready; read line; exit 5");
    await cli.untilSays("ready");
    cli.kill("SIGTERM");
    cli.kill("SIGTERM");
    cli.type("go\n");
    expect((await cli.ended()).exitCode).toBe(5);
  });

  it("end the program when niphas itself is killed", async () => {
    await using cli = start("echo pid $PPID $$; exec sleep 1000");
    await cli.untilSays("pid ");
    const [, parent = "", child = ""] = /pid (\d+) (\d+)/.exec(cli.stdout) ?? [];
    process.kill(Number(parent), "SIGKILL");
    await cli.ended();
    await waitUntil("the program to die with it", () => ["gone", "Z"].includes(stateOf(child)));
    // What the killed one could not remove, the next one does.
    await fixture().script(":");
  });
});

/** A directory for PATH with an unshare that never comes to run what builds the program's root. */
function slowUnshare(dir: string): string {
  mkdirSync(dir, { recursive: true });
  const others = 'exec "$(PATH=${PATH#*:}; command -v unshare)" "$@"';
  const script = `#!/bin/sh\ncase "$*" in *enter/main.ts | *enter-root.js) echo not yet; exec sleep 1000 ;; esac\n${others}\n`;
  writeFileSync(`${dir}/unshare`, script, { mode: 0o755 });
  return dir;
}

/** The letter of proc_pid_stat(5). */
function stateOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.slice(0, 1) ?? "";
  } catch {
    return "gone";
  }
}
