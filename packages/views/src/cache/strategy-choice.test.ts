import type { ViewStrategyName } from "@niphas/core";
import { describe, expect, it } from "vitest";
import type { ProbeResult, ViewStrategy } from "../ports.ts";
import { StrategyChoice } from "./strategy-choice.ts";

const works: ProbeResult = { ok: true };
const fails = (reason: string): ProbeResult => ({ ok: false, reason, advice: `cure for ${reason}` });

async function choice(composefs: ProbeResult, tree: ProbeResult, forced?: ViewStrategyName): Promise<StrategyChoice> {
  const strategies = [strategy("composefs", composefs), strategy("tree", tree)];
  const made = new StrategyChoice(strategies, forced);
  await made.probe(new AbortController().signal);
  return made;
}

function strategy(name: ViewStrategyName, result: ProbeResult): ViewStrategy {
  return {
    name,
    probe: async () => result,
    build: async () => undefined,
    activate: async () => undefined,
    deactivate: async () => undefined,
  };
}

describe("StrategyChoice", () => {
  it("takes the first that works", async () => {
    expect((await choice(works, works)).for("auto").name).toBe("composefs");
    expect((await choice(fails("old kernel"), works)).for("auto").name).toBe("tree");
  });

  it("gives a pod that asks for a tree a tree, whatever is forced", async () => {
    expect((await choice(works, works)).for("tree").name).toBe("tree");
    expect((await choice(works, works, "composefs")).for("tree").name).toBe("tree");
  });

  it("takes the forced one for all others, and none instead of it", async () => {
    expect((await choice(works, works, "tree")).for("auto").name).toBe("tree");
    const forced = await choice(fails("old kernel"), works, "composefs");
    expect(() => forced.for("auto")).toThrow(/composefs: old kernel \(cure for old kernel\)$/);
    expect(forced.find("auto")).toBeUndefined();
  });

  it("gives each reason when none works", async () => {
    const none = await choice(fails("old kernel"), fails("two disks"));
    expect(() => none.for("auto")).toThrow(
      "composefs: old kernel (cure for old kernel); tree: two disks (cure for two disks)",
    );
    expect(none.probes.get("tree")).toEqual(fails("two disks"));
  });
});
