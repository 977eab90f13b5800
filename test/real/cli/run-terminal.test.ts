import { expect, it } from "vitest";
import { describeForBothUsers } from "./both-users.ts";
import { cliArgv, RunningCli } from "./cli.ts";

const CTRL_C = "\x03";
const CTRL_Z = "\x1a";

describeForBothUsers("a terminal that niphas run is on", (fixture, user) => {
  /** Runs niphas in a terminal of its own, which util-linux's script makes. */
  function onTerminal(script: string, around = (command: string) => `exec ${command}`): RunningCli {
    const shell = [fixture().programs.root, "--entrypoint", "bin/sh", "--", "-c", script];
    const mountPoint = fixture().directory.join("repository");
    const words = cliArgv(fixture().runArguments(shell), { as: user, mountPoint });
    const command = around(words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" "));
    return new RunningCli(["script", "--quiet", "--return", "--flush", "--command", command, "/dev/null"], {
      env: { PATH: process.env["PATH"], TERM: "xterm", SHELL: "/bin/bash", HOME: "/nonexistent" },
      cwd: "/",
    });
  }

  it("lets Ctrl-C end a program that does not handle it", async () => {
    await using terminal = onTerminal("echo ready; exec sleep 1000");
    await terminal.untilSays("ready");
    terminal.type(CTRL_C);
    expect((await terminal.ended()).exitCode).toBe(130);
  });

  it("gives a program that handles Ctrl-C exactly one, and waits for it", async () => {
    await using terminal = onTerminal("trap 'echo caught; exit 42' INT; echo ready; while :; do sleep 0.05; done");
    await terminal.untilSays("ready");
    terminal.type(CTRL_C);
    const result = await terminal.ended();
    expect(result.exitCode).toBe(42);
    expect(result.stdout.match(/caught/g)).toHaveLength(1);
  });

  it("is the program's terminal, by name and for reading", async () => {
    await using terminal = onTerminal("tty; echo size; read line </dev/tty; echo you typed $line");
    await terminal.untilSays("size");
    terminal.type("hello\n");
    const result = await terminal.ended();
    expect(result.stdout).toMatch(/^\/dev\/console\r\nsize/);
    expect(result.stdout).toContain("you typed hello");
  });

  it("goes back to the shell at Ctrl-Z, and to the program again at fg", async () => {
    const underShell = (command: string) => `set -m; ${command}; echo shell $?; fg; echo ended $?`;
    await using terminal = onTerminal("trap 'echo goes on' CONT; echo ready; while :; do sleep 0.05; done", underShell);
    await terminal.untilSays("ready");
    terminal.type(CTRL_Z);
    await terminal.untilSays("shell 148");
    await terminal.untilSays("goes on");
    terminal.type(CTRL_C);
    expect((await terminal.ended()).stdout).toContain("ended 130");
  });
});
