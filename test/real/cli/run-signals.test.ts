import { readFileSync } from "node:fs";
import { mountsBelow, waitUntil } from "@niphas/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { cliArgv, RunningCli, type UserKind } from "./cli.ts";
import { RunFixture } from "./run-fixture.ts";

const CTRL_C = "\x03";
const CTRL_Z = "\x1a";

describe.each<UserKind>(["root", "ordinary user"])("signals when %s runs a program", (user) => {
  let fixture: RunFixture;
  beforeAll(async () => {
    fixture = await RunFixture.create(user);
  });
  afterAll(async () => await fixture[Symbol.asyncDispose]());
  afterEach(() => {
    expect(fixture.leftovers()).toEqual([]);
    expect(mountsBelow(fixture.directory.path)).toEqual([]);
  });

  /** A program that counts one signal and says how often it came when it is told to end. */
  const counting = (signal: string) =>
    `n=0; trap 'n=$((n+1)); echo got $n' ${signal}; trap 'echo total $n; exit 42' TERM; echo ready; while :; do sleep 0.05; done`;
  const shell = (script: string) => [fixture.programs.root, "--entrypoint", "bin/sh", "--", "-c", script];

  it.each(["USR1", "USR2", "HUP", "WINCH", "INT", "QUIT"] as const)("passes SIG%s on, once", async (name) => {
    const cli = fixture.start(shell(counting(name)));
    try {
      await cli.untilSays("ready");
      cli.child.kill(`SIG${name}`);
      await cli.untilSays("got 1");
      cli.child.kill("SIGTERM");
      const result = await cli.ended();
      expect(result).toMatchObject({ exitCode: 42, stdout: expect.stringContaining("total 1") });
    } finally {
      cli.child.kill("SIGKILL");
    }
  });

  it("passes SIGTERM on and exits with 143 when the program dies of it", async () => {
    const cli = fixture.start(shell("echo ready; exec sleep 1000"));
    try {
      await cli.untilSays("ready");
      cli.child.kill("SIGTERM");
      expect((await cli.ended()).exitCode).toBe(143);
    } finally {
      cli.child.kill("SIGKILL");
    }
  });

  it("waits for a program that does not die of the first signal", async () => {
    const cli = fixture.start(shell("trap '' TERM; echo ready; read line; exit 5"));
    try {
      await cli.untilSays("ready");
      cli.child.kill("SIGTERM");
      cli.child.kill("SIGTERM");
      cli.child.stdin?.end("go\n");
      expect((await cli.ended()).exitCode).toBe(5);
    } finally {
      cli.child.kill("SIGKILL");
    }
  });

  describe("on a terminal", () => {
    /** Runs niphas in a terminal of its own; what is written to standard input is typed there. */
    function onTerminal(script: string, around = (command: string) => `exec ${command}`): RunningCli {
      const options = { as: user, mountPoint: fixture.directory.join("repository") } as const;
      const words = cliArgv(fixture.runArguments(shell(script)), options);
      const command = around(words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" "));
      return new RunningCli(["script", "--quiet", "--return", "--flush", "--command", command, "/dev/null"], {
        env: { PATH: process.env["PATH"], TERM: "xterm", SHELL: "/bin/bash", HOME: "/nonexistent" },
        cwd: "/",
      });
    }

    /** The same below a shell with job control, which goes on when the job stops, and then brings it back. */
    function underShell(script: string): RunningCli {
      return onTerminal(script, (command) => `set -m; ${command}; echo shell $?; fg; echo ended $?`);
    }

    async function finish(terminal: RunningCli) {
      try {
        return await terminal.ended();
      } finally {
        terminal.child.kill("SIGKILL");
      }
    }

    it("lets Ctrl-C end a program that does not handle it", async () => {
      const terminal = onTerminal("echo ready; exec sleep 1000");
      await terminal.untilSays("ready");
      terminal.child.stdin?.write(CTRL_C);
      expect((await finish(terminal)).exitCode).toBe(130);
    });

    it("gives a program that handles Ctrl-C exactly one, and goes on waiting", async () => {
      const terminal = onTerminal("trap 'echo caught; exit 42' INT; echo ready; while :; do sleep 0.05; done");
      await terminal.untilSays("ready");
      terminal.child.stdin?.write(CTRL_C);
      const result = await finish(terminal);
      expect(result.exitCode).toBe(42);
      expect(result.stdout.match(/caught/g)).toHaveLength(1);
    });

    it("is the program's terminal, by name and for reading", async () => {
      const terminal = onTerminal("tty; echo size; read line </dev/tty; echo you typed $line");
      await terminal.untilSays("size");
      terminal.child.stdin?.write("hello\n");
      const result = await finish(terminal);
      expect(result.stdout).toMatch(/^\/dev\/console\r\nsize/);
      expect(result.stdout).toContain("you typed hello");
    });

    it("is given back to the shell by Ctrl-Z, and taken again by fg", async () => {
      const terminal = underShell("trap 'echo goes on' CONT; echo ready; while :; do sleep 0.05; done");
      await terminal.untilSays("ready");
      terminal.child.stdin?.write(CTRL_Z);
      await terminal.untilSays("shell 148");
      await terminal.untilSays("goes on");
      terminal.child.stdin?.write(CTRL_C);
      await finish(terminal);
      expect(terminal.stdout).toContain("ended 130");
    });
  });

  it("ends the program when niphas itself is killed", async () => {
    const cli = fixture.start(shell("echo pid $PPID $$; exec sleep 1000"));
    await cli.untilSays("pid ");
    const [, parent = "", child = ""] = /pid (\d+) (\d+)/.exec(cli.stdout) ?? [];
    process.kill(Number(parent), "SIGKILL");
    await cli.ended();
    await waitUntil("the program to die with it", () => stateOf(child) === undefined || stateOf(child) === "Z");
    // What the killed one could not remove, the next one does.
    await fixture.script(":");
  });
});

/** The letter of proc_pid_stat(5); undefined when the process is gone. */
function stateOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.slice(0, 1);
  } catch {
    return undefined;
  }
}
