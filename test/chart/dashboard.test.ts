import { readFileSync } from "node:fs";
import { PluginMetrics } from "@niphas/csi";
import { idleMetrics } from "@niphas/mesh";
import { needs } from "@niphas/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { CHART_DIR, conform, NAMESPACE, render, renderObjects } from "./helm.ts";

const FILE = `${CHART_DIR}/dashboards/niphas-mesh.json`;
/** What a histogram's name ends with in its series. */
const SERIES_SUFFIX = /_(bucket|sum|count)$/;

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly fieldConfig?: { readonly defaults: { readonly thresholds: { readonly steps: readonly unknown[] } } };
  readonly targets?: readonly { readonly expr: string }[];
}

const text = readFileSync(FILE, "utf8");
const dashboard: { readonly uid: string; readonly panels: readonly Panel[] } = JSON.parse(text);
const panels = dashboard.panels.filter(({ type }) => type !== "row");

describe("the mesh's dashboard", () => {
  it("asks for metrics alone that the mesh or the plugin exports, and for all of the mesh's", async () => {
    const mesh = await namesOf(idleMetrics());
    const plugin = await namesOf(pluginMetrics());
    const asked = new Set([...text.matchAll(/\bniphas_\w+/g)].map(([name]) => name.replace(SERIES_SUFFIX, "")));
    expect([...asked].filter((name) => !mesh.has(name) && !plugin.has(name))).toEqual([]);
    expect([...mesh].filter((name) => !asked.has(name))).toEqual([]);
    expect(asked).toContain("niphas_fetches_without_mesh_total");
  });

  it("selects labels alone that these metrics have, or that Kubernetes gives them", async () => {
    const exported = `${await idleMetrics().render()}${await pluginMetrics().render()}`;
    const known = new Set([...exported.matchAll(/(\w+)="/g)].map(([, label]) => label));
    for (const label of ["pod", "le", "request", "outcome"]) known.add(label);
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const selected = queries.flatMap((expr) => [...expr.matchAll(/(\w+)=~?"/g)].map(([, label]) => label));
    const grouped = queries.flatMap((expr) =>
      [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, by]) => by?.split(", ")),
    );
    expect([...selected, ...grouped].filter((label) => !known.has(label))).toEqual([]);
  });

  it.each(
    panels.map((panel) => [panel.title, panel] as const),
  )("has a query and says what to do: %s", (_title, panel) => {
    expect(panel.targets).not.toHaveLength(0);
    expect(panel.description?.length).toBeGreaterThan(80);
    expect(panel.fieldConfig?.defaults.thresholds.steps).not.toHaveLength(0);
  });

  it("gives each panel a number of its own", () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("the chart", () => {
  // Helm is started anew for each test, which takes its time on a busy machine.
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  beforeEach((test) => needs(test, "NIPHAS_HELM", "NIPHAS_KUBECONFORM", "NIPHAS_KUBERNETES_SCHEMAS"));

  it("brings the dashboard only when it is asked for", async () => {
    expect(await render({})).not.toContain("grafana_dashboard");
    expect(await dashboardOf({ enabled: true })).toMatchObject({
      metadata: { namespace: NAMESPACE, labels: { grafana_dashboard: "1", "app.kubernetes.io/name": "niphas" } },
      data: { "niphas-mesh.json": text },
    });
  });

  it("puts it where Grafana looks, under the labels that Grafana looks for", async () => {
    const found = await dashboardOf({ enabled: true, namespace: "monitoring", labels: { dashboards: "yes" } });
    expect(found).toMatchObject({ metadata: { namespace: "monitoring", labels: { dashboards: "yes" } } });
    const { exitCode, stdout } = await conform(JSON.stringify(found), "1.34");
    expect(stdout).toContain("Valid: 1, Invalid: 0, Errors: 0,");
    expect(exitCode).toBe(0);
  });
});

async function dashboardOf(values: object) {
  const objects = await renderObjects({ mesh: { enabled: true, dashboard: values } });
  return objects.find(({ metadata }) => metadata.name === "niphas-mesh-dashboard");
}

function pluginMetrics(): PluginMetrics {
  const metrics = new PluginMetrics({ onDiskExhausted: () => undefined });
  const zero = (): number => 0;
  metrics.watch({ volumes: zero, viewsByStrategy: () => new Map(), eventLoopLagSeconds: zero, distrustedPaths: zero });
  return metrics;
}

async function namesOf(metrics: { render(): Promise<string> }): Promise<ReadonlySet<string>> {
  return new Set([...(await metrics.render()).matchAll(/^# TYPE (\w+)/gm)].map(([, name = ""]) => name));
}
