import { describe, expect, it } from "vitest";
import { findTool, runTool } from "./tool.ts";

const deadlineMs = 30_000;

describe("tools", () => {
  it("are found on PATH", async () => {
    expect(await findTool("sh")).toMatch(/^\/.*\/sh$/);
    expect(await findTool("no-such-program-here")).toBeUndefined();
  });

  it("succeed without a word", async () => {
    await runTool("true", [], { deadlineMs });
  });

  it("fail with their status and the first line that they wrote", async () => {
    const running = runTool("sh", ["-c", "echo first >&2; echo second >&2; exit 3"], { deadlineMs });
    await expect(running).rejects.toMatchObject({ code: "ViewUnavailable", message: "sh failed with status 3: first" });
  });

  it("say that a full disk is a full disk", async () => {
    const running = runTool("sh", ["-c", "echo 'write: No space left on device' >&2; exit 1"], { deadlineMs });
    await expect(running).rejects.toMatchObject({ code: "DiskFull" });
  });

  it("fail when they cannot be started", async () => {
    await expect(runTool("/no/such/tool", [], { deadlineMs })).rejects.toMatchObject({ code: "ViewUnavailable" });
  });

  it("are killed with their children when cancelled", async () => {
    const cancelled = new AbortController();
    const running = runTool("sh", ["-c", "sleep 1000 & wait"], { deadlineMs, signal: cancelled.signal });
    cancelled.abort();
    await expect(running).rejects.toMatchObject({ code: "Cancelled" });
  });

  it("are killed with their children at their deadline", async () => {
    await expect(runTool("sh", ["-c", "sleep 1000 & wait"], { deadlineMs: 50 })).rejects.toMatchObject({
      code: "ViewUnavailable",
      message: "sh did not finish in 0.05 s",
    });
  });
});
