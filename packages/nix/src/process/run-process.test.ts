import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ProcessRequest, type ProcessResult, runProcess } from "./run-process.ts";

const ENVIRONMENT = { PATH: process.env["PATH"] ?? "" };

function sh(script: string, request: Partial<ProcessRequest> = {}): Promise<ProcessResult> {
  return runProcess({
    command: "sh",
    args: ["-c", script],
    environment: ENVIRONMENT,
    signal: new AbortController().signal,
    timeoutMs: 20_000,
    ...request,
  });
}

/** A parent that ignores SIGTERM, with two children that do as well; prints the three pids. */
const STUBBORN_FAMILY = `trap "" TERM; sleep 1000 & a=$!; sleep 1000 & echo "$$ $a $!" >&2; wait`;

/** Runs the family until it has printed its pids, then `end`s it. */
async function endFamily(request: Partial<ProcessRequest>, end: () => void) {
  let pids: readonly number[] = [];
  const result = await sh(STUBBORN_FAMILY, {
    killGraceMs: 100,
    ...request,
    onStderrLine: (line) => {
      pids = line.split(" ").map(Number);
      end();
    },
  });
  return { result, pids };
}

describe("runProcess", () => {
  it("gives exit code, output and the last lines of stderr", async () => {
    const result = await sh("echo out; for i in $(seq 100); do echo $i >&2; done; exit 3");
    expect(result).toMatchObject({ outcome: "exited", exitCode: 3, stdout: "out\n" });
    expect(result.stderrLines).toHaveLength(40);
    expect(result.stderrLines.at(-1)).toBe("100");
  });

  it("gives no exit code when a signal ended the child", async () => {
    expect(await sh("kill -KILL $$")).toMatchObject({ outcome: "exited", exitCode: undefined });
  });

  it("passes arguments as they are, without a shell", async () => {
    const request = { command: "printf", args: ["%s|", "$(id)", "; rm", "--", "'"] };
    expect((await sh("", request)).stdout).toBe("$(id)|; rm|--|'|");
  });

  it("passes the given environment and nothing else", async () => {
    const names = (await sh("env", { environment: { ...ENVIRONMENT, ONLY: "this" } })).stdout
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(names).toContain("ONLY");
    expect(names).not.toContain("HOME");
  });

  it("says what to do when the program is missing", async () => {
    const missing = runProcess({
      command: "/does/not/exist",
      args: [],
      environment: ENVIRONMENT,
      signal: new AbortController().signal,
      timeoutMs: 20_000,
    });
    await expect(missing).rejects.toMatchObject({ code: "CommandFailed", message: expect.stringContaining("not") });
  });

  it("starts nothing when the signal is aborted already", async () => {
    const result = await sh("echo started", { signal: AbortSignal.abort() });
    expect(result).toEqual({ outcome: "cancelled", exitCode: undefined, stdout: "", stderrLines: [] });
  });

  it("ends a child that prints too much", async () => {
    const result = await sh("yes", { maxStdoutBytes: 10_000 });
    expect(result.outcome).toBe("tooMuchOutput");
    expect(result.stdout.length).toBeLessThanOrEqual(10_000);
  });
});

describe("the process group", () => {
  it("is gone after an abort, though all its members ignore SIGTERM", async () => {
    const controller = new AbortController();
    const { result, pids } = await endFamily({ signal: controller.signal }, () => controller.abort());
    expect(result.outcome).toBe("cancelled");
    expect(pids).toHaveLength(3);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("is gone after the deadline", async () => {
    const { result, pids } = await endFamily({ timeoutMs: 500 }, () => undefined);
    expect(result.outcome).toBe("timedOut");
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("is gone when the leader ends and leaves children behind that hold its pipes", async () => {
    const result = await sh("sleep 1000 & echo $!");
    expect(result.exitCode).toBe(0);
    expect(isAlive(Number(result.stdout))).toBe(false);
  });

  it("loses its leader when we are killed ourselves", async ({ skip }) => {
    skip(!existsSync("/usr/bin/setpriv"), "util-linux's setpriv is not installed");
    const module = new URL("./run-process.ts", import.meta.url).href;
    const script = `
      const { runProcess } = await import(${JSON.stringify(module)});
      await runProcess({ command: "sh", args: ["-c", "echo $$ >&2; exec sleep 1000"], timeoutMs: 60000,
        environment: { PATH: process.env.PATH }, signal: new AbortController().signal, onStderrLine: console.log });`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    parent.stdout.once("data", (chunk: Buffer) => resolve(Number(chunk.toString())));
    const pid = await promise;
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
