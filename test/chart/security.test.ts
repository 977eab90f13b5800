import { needs } from "@niphas/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { containersOf, podTemplatesOf } from "./containers.ts";
import { type KubernetesObject, renderObjects, type Values } from "./helm.ts";
import { VARIANTS } from "./variants.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Rights extends KubernetesObject {
  readonly rules: readonly Rule[];
}

interface Binding extends KubernetesObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

// Helm is started anew for each test, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let objects: readonly KubernetesObject[] = [];

describe.each(Object.entries(VARIANTS))("the chart with the values %s", (_name, values) => {
  beforeEach(async (test) => {
    needs(test, "NIPHAS_HELM");
    objects = await renderObjects(values);
  });

  it("has one privileged container, the plugin", () => {
    const privileged = containersOf(objects).filter(({ container }) => container.securityContext?.privileged === true);
    expect(privileged.map(({ object, container }) => `${object.kind}/${container.name}`)).toEqual(["DaemonSet/plugin"]);
  });

  it("gives the plugin no token, and its account rights only for the mesh beside it", () => {
    const [plugin] = containersOf(objects, "DaemonSet");
    expect(plugin?.pod).toMatchObject({ serviceAccountName: "niphas-node", automountServiceAccountToken: false });
    const account = objects.find(({ kind, metadata }) => kind === "ServiceAccount" && metadata.name === "niphas-node");
    expect(account).toMatchObject({ automountServiceAccountToken: false });
    const tokens = plugin?.pod.volumes?.filter((each) => JSON.stringify(each).includes("serviceAccountToken")) ?? [];
    const mounted = plugin?.container.volumeMounts?.map(({ name }) => name) ?? [];
    expect(tokens.filter(({ name }) => mounted.includes(name))).toEqual([]);
    const isBound = bindings().some(({ subjects }) => subjects.some(({ name }) => name === "niphas-node"));
    expect([tokens.length > 0, isBound]).toEqual([hasMesh(values), hasMesh(values)]);
  });

  it("keeps every other pod to Pod Security restricted", () => {
    for (const { pod, container } of containersOf(objects).filter(({ object }) => object.kind !== "DaemonSet")) {
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
      expect(pod.securityContext?.runAsUser).toBe(65_532);
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect([pod.hostPID, pod.hostIPC, pod.hostNetwork]).toEqual([undefined, undefined, undefined]);
      expect(pod.volumes).toBeUndefined();
    }
  });

  it("mounts no root file system writable, no part of a volume, and nothing else of the node", () => {
    for (const { pod, container } of containersOf(objects)) {
      expect(container.securityContext?.readOnlyRootFilesystem).toBe(true);
      expect(container.volumeMounts?.filter(({ subPath }) => subPath !== undefined) ?? []).toEqual([]);
      const ofNode = pod.volumes?.filter((volume) => "hostPath" in volume).map(({ name }) => name) ?? [];
      const known = ["kubelet-dir", "state-dir", ...(hasMesh(values) ? ["store", "mesh-state"] : [])];
      expect(known).toEqual(expect.arrayContaining(ofNode));
    }
  });

  it("keeps the plugin out of the node's network", () => {
    for (const { pod } of podTemplatesOf(objects)) expect(pod.hostNetwork ?? false).toBe(false);
  });

  it("asks for the API rights that it uses, by name, and for no more", () => {
    const all = rights().flatMap(({ rules }) => rules);
    expect(JSON.stringify(all)).not.toContain('"*"');
    const powerful = all.flatMap(({ resources, verbs }) =>
      resources.flatMap((each) => verbs.map((verb) => `${verb} ${each}`)),
    );
    for (const right of [
      "bind",
      "escalate",
      "impersonate",
      "secrets",
      "serviceaccounts/token",
      "pods/exec",
      "nodes/proxy",
    ]) {
      expect(powerful.filter((each) => each.split(" ").includes(right))).toEqual([]);
    }
  });

  it("holds the rights to uninstall only while it uninstalls", () => {
    const lasting = objects.filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] === undefined);
    expect(lasting.filter(({ metadata }) => metadata.name === "niphas-uninstall")).toEqual([]);
    const hooks = objects.filter(({ metadata }) => metadata.annotations?.["helm.sh/hook"] !== undefined);
    for (const { metadata } of hooks) {
      expect(metadata.annotations).toMatchObject({
        "helm.sh/hook": "pre-delete",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
      });
    }
  });

  it("binds each role to an account of its own, and makes each account that it names", () => {
    const accounts = objects.filter(({ kind }) => kind === "ServiceAccount").map(({ metadata }) => metadata.name);
    const used = podTemplatesOf(objects).map(({ pod }) => pod.serviceAccountName);
    expect(accounts.toSorted()).toEqual(used.toSorted());
    for (const { metadata, roleRef, subjects } of bindings()) {
      expect(subjects).toEqual([{ kind: "ServiceAccount", name: metadata.name, namespace: "niphas-system" }]);
      expect(rights().some(({ kind, metadata: role }) => kind === roleRef.kind && role.name === roleRef.name)).toBe(
        true,
      );
    }
  });

  it("lets the plugin end its calls before it is killed", () => {
    const [plugin] = containersOf(objects, "DaemonSet");
    const grace = plugin?.container.args?.find((each) => each.startsWith("--shutdown-grace="))?.match(/\d+/)?.[0];
    expect(plugin?.pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(grace) + 10);
  });

  it("selects its pods by labels that they have and that no release changes", () => {
    for (const { object, labels } of podTemplatesOf(objects).filter(({ object: { kind } }) => kind !== "Job")) {
      const component = object.metadata.labels?.["app.kubernetes.io/component"];
      const selector = { "app.kubernetes.io/name": "niphas", "app.kubernetes.io/component": component };
      expect(object["spec"]).toMatchObject({ selector: { matchLabels: selector } });
      expect(labels).toEqual({ ...selector, "app.kubernetes.io/instance": "niphas" });
    }
  });
});

function hasMesh(values: Values): boolean {
  return Object(values["mesh"]).enabled !== false;
}

function rights(): readonly Rights[] {
  return objects.filter((object): object is Rights => object.kind === "Role" || object.kind === "ClusterRole");
}

function bindings(): readonly Binding[] {
  return objects.filter((object): object is Binding => object.kind.endsWith("RoleBinding"));
}
