import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ControllerMetrics } from "./metrics/controller-metrics.ts";

/** The contract that others read; its tables and the code's must say the same. */
const DOCUMENT = readFileSync(new URL("../../../docs/interfaces.md", import.meta.url), "utf8");

it("docs/interfaces.md has a row for each metric of the controller, and no other", async () => {
  const metrics = new ControllerMetrics();
  metrics.watch({ taintedCount: 0, queueSize: 0 });
  const names = [...(await metrics.render()).matchAll(/^# TYPE (\w+)/gm)].map((match) => match[1]);
  const rows = [...DOCUMENT.matchAll(/^\| `(niphas_controller_\w+)` \|/gm)].map((match) => match[1]);
  expect(rows.sort()).toEqual(names.sort());
});
