import { NiphasError, parseStorePath, type StorePath } from "@niphas/core";
import type { BootReport, PathInfo } from "@niphas/nix";
import { describe, expect, it } from "vitest";
import { codeOf, HELLO, TestPlugin, WORLD } from "../twins/test-plugin.ts";
import { checkAfterBoot } from "./boot-check.ts";

const LIBRARY = parseStorePath(`/nix/store/${"c".repeat(32)}-library-1.0`);
const SHOWN = "a volume shows files that were repaired since: restart its pod";
const live = new AbortController().signal;

/** Two views, of HELLO with LIBRARY and of WORLD alone, and a check that doubts some of their paths. */
async function booted(test: TestPlugin, doubtful: readonly StorePath[], verify: () => Promise<readonly StorePath[]>) {
  test.nix.addValid(HELLO, WORLD, LIBRARY);
  for (const root of [HELLO, WORLD]) {
    await test.views.acquire({ roots: [root], layout: "store", links: [], view: "auto" });
  }
  const closure = (roots: readonly StorePath[]): readonly PathInfo[] =>
    [...roots, ...(roots.includes(HELLO) ? [LIBRARY] : [])].map(pathInfo);
  const database = { validId: (path: StorePath) => test.nix.validId(path), closure };
  const boot = {
    doubtful,
    verify: async (): Promise<BootReport> => {
      const repaired = await verify();
      return { isOtherBoot: true, verifiedCount: doubtful.length, repaired, distrusted: [] };
    },
  };
  return { ...test.components(), boot, database };
}

function pathInfo(path: StorePath): PathInfo {
  return {
    id: 1,
    path,
    narHash: "sha256:" as PathInfo["narHash"],
    narSizeBytes: 1,
    references: [],
    signatures: [],
    contentAddress: undefined,
    isUltimate: false,
    registeredAtSeconds: 0,
  };
}

function viewRoots(test: TestPlugin): readonly StorePath[] {
  return test.views.list().flatMap(({ roots }) => roots);
}

describe("checkAfterBoot", () => {
  it("leaves no tree view of a doubtful closure, though verification is cut off", async () => {
    using test = new TestPlugin();
    let seenByVerify: readonly StorePath[] = [];
    const components = await booted(test, [LIBRARY], async () => {
      seenByVerify = viewRoots(test);
      throw new NiphasError("Cancelled", "cut off after the first path was repaired");
    });
    expect(await codeOf(checkAfterBoot(components, live))).toBe("Cancelled");
    expect(seenByVerify).toEqual([WORLD]);
    expect(viewRoots(test)).toEqual([WORLD]);
  });

  it("keeps composefs views, which find repaired files by name", async () => {
    using test = new TestPlugin();
    test.views.strategy = "composefs";
    const components = await booted(test, [LIBRARY], async () => [LIBRARY]);
    await checkAfterBoot(components, live);
    expect(viewRoots(test)).toEqual([HELLO, WORLD]);
  });

  it.each([
    ["tells of a mounted view whose paths were repaired", [LIBRARY], 1],
    ["is silent about a mounted view whose paths were intact", [], 0],
  ])("%s", async (_name, repaired, count) => {
    using test = new TestPlugin();
    test.nix.addValid(HELLO);
    await test.publish(test.request(1));
    const components = await booted(test, [LIBRARY], async () => repaired);
    await checkAfterBoot(components, live);
    expect(test.log.records(SHOWN)).toHaveLength(count);
    expect(viewRoots(test)).toContain(HELLO);
  });
});
