import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { envName, FLAGS, type FlagName } from "./flags.ts";
import { idleMetrics } from "./metrics/twins/idle-metrics.ts";
import { memoryBound } from "./network/index.ts";

const document = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
/** The contract that others read; its tables and the code's must say the same. */
const INTERFACES = document("interfaces.md");
const LIMITS = document("limits.md");
const MIB = 2 ** 20;

describe("docs/interfaces.md", () => {
  test.each(
    Object.keys(FLAGS).filter(isFlagName),
  )("has a row for the flag %s with its variable and default", (name) => {
    const { flag, argument } = FLAGS[name];
    const row = INTERFACES.split("\n").find((line) =>
      line.startsWith(`| \`${flag} ${argument}\` | \`${envName(name)}\` |`),
    );
    const { defaultText }: { readonly defaultText?: string } = FLAGS[name];
    expect(row).toContain(defaultText ?? "|");
  });

  test("has a row for each metric of the mesh, and no other", async () => {
    const names = [...(await idleMetrics().render()).matchAll(/^# TYPE (\w+)/gm)].map((match) => match[1]);
    const rows = [...INTERFACES.matchAll(/^\| `(niphas_mesh_\w+)` \|/gm)].map((match) => match[1]);
    expect(rows.sort()).toEqual(names.sort());
  });
});

describe("docs/limits.md", () => {
  test.each([2, 10, 100])("says what a mesh of %d other members can make the daemon hold", (members) => {
    const totalMib = Math.round(memoryBound(members).totalBytes / MIB);
    expect(LIMITS).toContain(`| a mesh of ${members} other members, all of it | ${totalMib} MiB |`);
  });
});

function isFlagName(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}
