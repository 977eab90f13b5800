import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { describeProcess, identifyProcess, isRunning, programName } from "./process-identity.ts";

describe("a process identity", () => {
  it("knows a process that runs", () => {
    const identity = identifyProcess(process.pid);
    expect(identity?.pid).toBe(process.pid);
    expect(identity && isRunning(identity)).toBe(true);
    expect(programName(process.pid)).toBeTruthy();
  });

  it("says what a process is doing", () => {
    expect(describeProcess(process.pid)).toBe(`${process.pid} ${programName(process.pid)} (R)`);
    expect(describeProcess(-1)).toBe("-1 ? (?)");
  });

  it("is not that of a later process of the same number", () => {
    expect(isRunning({ pid: process.pid, startTimeTicks: 1 })).toBe(false);
  });

  it("ends with the process", async () => {
    const child = spawn("sleep", ["60"]);
    const identity = identifyProcess(child.pid ?? 0);
    child.kill("SIGKILL");
    await once(child, "close");
    expect(identity && isRunning(identity)).toBe(false);
    expect(identifyProcess(child.pid ?? 0)).toBeUndefined();
  });
});
