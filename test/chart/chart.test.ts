import { readdirSync, readFileSync } from "node:fs";
import { needs } from "@niphas/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { conform, lint, parseObjects, render, template } from "./helm.ts";
import { VARIANTS } from "./variants.ts";

/** The supported minor versions; scripts/setup/kubeconform.sh makes their schemas, docs/install.md names them. */
const KUBERNETES = ["1.32", "1.33", "1.34", "1.35", "1.36"];

// Helm is started anew for each test, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeEach((test) => needs(test, "NIPHAS_HELM", "NIPHAS_KUBECONFORM", "NIPHAS_KUBERNETES_SCHEMAS"));

describe.each(Object.entries(VARIANTS))("the chart with the values %s", (name, values) => {
  it("passes helm lint", async () => {
    const { exitCode, stdout } = await lint(values);
    expect(stdout).toContain("1 chart(s) linted, 0 chart(s) failed");
    expect(exitCode).toBe(0);
  });

  // After a change on purpose: npx vitest run --project unit test/chart --update, and look at the difference.
  it("renders as in its golden file", async () => {
    await expect(await render(values)).toMatchFileSnapshot(`golden/${name}.yaml`);
  });

  it.each(KUBERNETES)("conforms to Kubernetes %s", async (version) => {
    const manifests = await render(values);
    const { exitCode, stdout } = await conform(manifests, version);
    const count = parseObjects(manifests).filter(({ kind }) => kind !== "PodMonitor").length;
    expect(stdout).toContain(`Valid: ${count}, Invalid: 0, Errors: 0,`);
    expect(exitCode).toBe(0);
  });
});

it("has a golden file for each variant, and no other", () => {
  const files = readdirSync(new URL("golden", import.meta.url)).sort();
  expect(files).toEqual(
    Object.keys(VARIANTS)
      .map((name) => `${name}.yaml`)
      .sort(),
  );
});

it("has the project's version, and names the same versions of Kubernetes everywhere", () => {
  const chart: Readonly<Record<string, unknown>> = parse(textOf("charts/niphas/Chart.yaml"));
  const { version } = JSON.parse(textOf("package.json"));
  const [oldest, newest] = [KUBERNETES[0], KUBERNETES.at(-1)];
  expect(chart).toMatchObject({ version, appVersion: version, kubeVersion: `>=${oldest}.0-0` });
  expect(textOf("docs/install.md").replaceAll("\n", " ")).toContain(`the API of ${oldest} to ${newest}`);
  const [, schemas = ""] = textOf("scripts/setup/kubeconform.sh").match(/^schema_versions=\((.*)\)$/m) ?? [];
  expect(schemas.split(" ").map((each) => each.match(/\d+\.\d+/)?.[0])).toEqual(KUBERNETES);
});

it("refuses a version of Kubernetes that is too old", async () => {
  const { exitCode, stderr } = await template({}, ["--kube-version", "1.31.9"]);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain("chart requires kubeVersion: >=1.32.0-0");
});

it("is checked by schemas that find a wrong field, a wrong type and a missing field", async () => {
  const wrong = [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, dta: {} },
    { apiVersion: "v1", kind: "Secret", metadata: { name: 1 } },
    { apiVersion: "storage.k8s.io/v1", kind: "CSIDriver", metadata: { name: "x" } },
  ];
  for (const object of wrong) {
    const { exitCode, stdout } = await conform(JSON.stringify(object), "1.34");
    expect(stdout).toContain("Invalid: 1");
    expect(exitCode).toBe(1);
  }
});

function textOf(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
}
