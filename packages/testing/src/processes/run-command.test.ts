import { expect, it } from "vitest";
import { runCommand } from "./run-command.ts";

it("gives output and exit code", async () => {
  const result = await runCommand(["sh", "-c", "cat; echo oops >&2; exit 3"], { input: "hello", allowFailure: true });
  expect(result).toEqual({ exitCode: 3, stdout: "hello", stderr: "oops\n" });
});

it("throws with the end of standard error when the command fails", async () => {
  await expect(runCommand(["sh", "-c", "echo why >&2; exit 1"])).rejects.toThrow("why");
});

it("kills the whole process group when its time is up", async () => {
  const started = performance.now();
  const result = await runCommand(["sh", "-c", "sleep 60 & sleep 60"], { timeoutMs: 100, allowFailure: true });
  expect(result.exitCode).not.toBe(0);
  expect(performance.now() - started).toBeLessThan(30_000);
});
