import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { envName, FLAGS, type FlagName } from "./flags.ts";
import { PluginMetrics } from "./metrics/plugin-metrics.ts";

/** The contract that others read; its tables and the code's must say the same. */
const DOCUMENT = readFileSync(new URL("../../../docs/interfaces.md", import.meta.url), "utf8");

describe("docs/interfaces.md", () => {
  test.each(
    Object.keys(FLAGS).filter(isFlagName),
  )("has a row for the flag %s with its variable and default", (name) => {
    const { flag, argument } = FLAGS[name];
    const row = DOCUMENT.split("\n").find((line) =>
      line.startsWith(`| \`${flag} ${argument}\` | \`${envName(name)}\` |`),
    );
    const { defaultText }: { readonly defaultText?: string } = FLAGS[name];
    expect(row).toContain(defaultText ?? "|");
  });

  test("has a row for each metric, and no other", async () => {
    const metrics = new PluginMetrics({ onDiskExhausted: () => undefined });
    metrics.watch({
      volumes: () => 0,
      viewsByStrategy: () => new Map(),
      eventLoopLagSeconds: () => 0,
      distrustedPaths: () => 0,
    });
    const names = [...(await metrics.render()).matchAll(/^# TYPE (\w+)/gm)].map((match) => match[1]);
    // Those of the controller and of the mesh are looked at in their own packages.
    const rows = [...DOCUMENT.matchAll(/^\| `(niphas_(?!controller_|mesh_)\w+)` \|/gm)].map((match) => match[1]);
    expect(rows.sort()).toEqual(names.sort());
  });
});

function isFlagName(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}
