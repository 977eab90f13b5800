import { readFileSync } from "node:fs";
import { needs } from "@niphas/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { podTemplatesOf } from "./containers.ts";
import { CHART_DIR, conform, type KubernetesObject, parseObjects, render, template, type Values } from "./helm.ts";

// Helm is started anew for each test, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeEach((test) => needs(test, "NIPHAS_HELM", "NIPHAS_KUBECONFORM", "NIPHAS_KUBERNETES_SCHEMAS"));

/** Rendered, and what Kubernetes takes. */
async function validObjects(manifests: string): Promise<readonly KubernetesObject[]> {
  const { exitCode, stdout } = await conform(manifests, "1.34");
  expect(stdout).toContain("Invalid: 0, Errors: 0,");
  expect(exitCode).toBe(0);
  return parseObjects(manifests);
}

describe("the chart", () => {
  it("can have names that YAML would take for numbers or booleans", async () => {
    const values = {
      startupTaint: { key: "1e3" },
      imagePullSecrets: ["1"],
      netrcSecret: "2",
      caBundleConfigMap: "true",
      mesh: { enabled: true, groupSecret: "3" },
      podMonitor: { enabled: true },
      namespace: { create: true },
    };
    const { stdout } = await template(values, [], { release: "12", namespace: "34" });
    for (const { metadata } of await validObjects(stdout)) {
      expect(metadata.labels).toMatchObject({ "app.kubernetes.io/instance": "12" });
      expect([undefined, "34"]).toContain(metadata.namespace);
    }
  });

  it("takes null for what may be empty", async () => {
    const empty = { resources: null, priorityClassName: null, tolerations: null, nodeSelector: null, affinity: null };
    const values = {
      imagePullSecrets: null,
      trustedPublicKeys: null,
      images: { node: { tag: null, digest: null } },
      plugin: { ...empty, extraArgs: null, extraEnv: null, seLinuxOptions: null },
      controller: { ...empty, extraArgs: null, extraEnv: null },
      mesh: { enabled: true, groupSecret: null, resources: null },
      podMonitor: { enabled: true, labels: null },
      namespace: { create: true, podSecurityLabels: null },
      networkPolicies: { metricsFrom: null },
    };
    expect(await validObjects(await render(values))).not.toHaveLength(0);
  });

  it("takes labels that it has itself: the node's are the chart's, the PodMonitor's are the user's", async () => {
    const nodeSelector = { "kubernetes.io/os": "plan9", disk: "fast" };
    const values = {
      plugin: { nodeSelector },
      controller: { nodeSelector },
      podMonitor: { enabled: true, labels: { "app.kubernetes.io/instance": "monitoring" } },
    };
    const objects = await validObjects(await render(values));
    for (const { pod } of podTemplatesOf(objects)) {
      expect(pod).toMatchObject({ nodeSelector: { "kubernetes.io/os": "linux", disk: "fast" } });
    }
    const monitor = objects.find(({ kind }) => kind === "PodMonitor");
    expect(monitor?.metadata.labels).toMatchObject({
      "app.kubernetes.io/instance": "monitoring",
      "app.kubernetes.io/name": "niphas",
    });
  });

  it("starts what takes the startup taint off on nodes that have it, whatever else it tolerates", async () => {
    const dedicated = { key: "dedicated", operator: "Exists" };
    const values = {
      startupTaint: { key: "example.org/starting" },
      plugin: { tolerations: [dedicated] },
      controller: { tolerations: [dedicated] },
    };
    const expected = [{ key: "example.org/starting", operator: "Exists" }, dedicated];
    for (const { pod } of podTemplatesOf(await validObjects(await render(values)))) {
      expect(pod).toMatchObject({ tolerations: expected });
    }
  });

  it("uninstalls from where the controller runs", async () => {
    const affinity = { nodeAffinity: {} };
    const place = { affinity, nodeSelector: { pool: "system" }, priorityClassName: "high" };
    const objects = parseObjects(await render({ controller: place }));
    const pods = podTemplatesOf(objects).filter(({ object }) => object.kind !== "DaemonSet");
    expect(pods.map(({ object }) => object.kind).toSorted()).toEqual(["Deployment", "Job"]);
    for (const { pod } of pods) expect(pod).toMatchObject(place);
  });
});

/** What null is refused for, and why not for the others: they have an empty form. */
const OPTIONAL = new Set(["priorityClassName", "resources", "tolerations", "podSecurityLabels"]);

it("the schema demands every value that has a default and no empty form, since null takes a default away", () => {
  const schema: Schema = JSON.parse(readFileSync(`${CHART_DIR}/values.schema.json`, "utf8"));
  const defaults: Values = parse(readFileSync(`${CHART_DIR}/values.yaml`, "utf8"));
  expect(missing(schema, defaults, schema.$defs ?? {})).toEqual([]);
});

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

function missing(schema: Schema, defaults: Values, definitions: Readonly<Record<string, Schema>>): readonly string[] {
  const { properties = {}, required = [] } = definitions[schema.$ref?.replace("#/$defs/", "") ?? ""] ?? schema;
  const wanted = Object.entries(defaults).filter(([key, value]) => key in properties && !isEmpty(value));
  return wanted
    .filter(([key]) => !OPTIONAL.has(key))
    .flatMap(([key, value]) => {
      const inner = isObject(value) ? missing(properties[key] ?? {}, value, definitions) : [];
      return required.includes(key) ? inner : [key, ...inner];
    });
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
