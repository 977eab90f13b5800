import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NiphasError, storePathBaseName } from "@niphas/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ViewPlan, ViewStrategy } from "../ports.ts";
import { probeComposefs } from "./probe.ts";

const TOOL = "sh";
const live = (): AbortSignal => new AbortController().signal;
let viewsDir: string;

beforeEach(() => {
  viewsDir = mkdtempSync(join(tmpdir(), "niphas-probe-"));
});

afterEach(() => {
  rmSync(viewsDir, { recursive: true });
});

/** A strategy that shows whatever `show` puts into the root, as a kernel with a fault would. */
function showing(show: (storeDir: string, rootDir: string, plan: ViewPlan) => void): ViewStrategy {
  let built: ViewPlan | undefined;
  return {
    name: "composefs",
    probe: async () => ({ ok: true }),
    build: async (plan) => {
      built = plan;
    },
    activate: async (viewDir, storeDir) => {
      mkdirSync(join(viewDir, "root"));
      if (built !== undefined) show(storeDir, join(viewDir, "root"), built);
    },
    deactivate: async () => undefined,
  };
}

function showPlan(storeDir: string, rootDir: string, plan: ViewPlan): void {
  for (const { path } of plan.closure) {
    const baseName = storePathBaseName(path);
    cpSync(join(storeDir, baseName), join(rootDir, baseName), { recursive: true });
    mkdirSync(join(rootDir, ".roots"));
    symlinkSync(`../${baseName}`, join(rootDir, ".roots/shown"));
  }
}

describe("probeComposefs", () => {
  it("refuses a kernel that shows the whole base directory", async () => {
    const strategy = showing((storeDir, rootDir, plan) => {
      showPlan(storeDir, rootDir, plan);
      cpSync(storeDir, rootDir, { recursive: true });
    });
    const result = await probeComposefs(strategy, TOOL, viewsDir, live());
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining("not in the view") });
  });

  it("refuses a kernel that shows nothing", async () => {
    const result = await probeComposefs(
      showing(() => undefined),
      TOOL,
      viewsDir,
      live(),
    );
    expect(result).toMatchObject({ ok: false });
  });

  it("refuses a view that can be written to", async () => {
    const result = await probeComposefs(showing(showPlan), TOOL, viewsDir, live());
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining("written to") });
  });

  it("names the tool that is missing and how to get it", async () => {
    const result = await probeComposefs(showing(showPlan), "no-such-tool", viewsDir, live());
    expect(result).toEqual({
      ok: false,
      reason: "no-such-tool is not installed",
      advice: "install the composefs package so that it is on PATH",
    });
  });

  it("gives the reason of a mount that fails, and leaves nothing", async () => {
    const strategy = showing(() => {
      throw new NiphasError("ViewUnavailable", "mount.composefs failed with status 1: no such device");
    });
    const result = await probeComposefs(strategy, TOOL, viewsDir, live());
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining("no such device") });
    expect(readdirSync(viewsDir)).toEqual([]);
  });
});
