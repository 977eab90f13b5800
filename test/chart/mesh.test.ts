import { memoryBound } from "@niphas/mesh";
import { needs } from "@niphas/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Container, containersOf } from "./containers.ts";
import { type KubernetesObject, renderObjects, type Values } from "./helm.ts";
import { VARIANTS } from "./variants.ts";

/** Of a daemon that works (docs/limits.md): resident memory, and NARs on their way. */
const WORKING_BYTES = (150 + 64) * 1024 ** 2;

const VALUES: Values = VARIANTS["mesh"] ?? {};

// Helm is started anew for each test, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let objects: readonly KubernetesObject[] = [];
beforeEach(async (test) => {
  needs(test, "NIPHAS_HELM");
  objects = await renderObjects(VALUES);
});

describe("the mesh", () => {
  it("is there unless it is switched off", async () => {
    expect(JSON.stringify(await renderObjects())).toContain("niphas-mesh");
    const without = await renderObjects({ mesh: { enabled: false } });
    expect(JSON.stringify(without)).not.toContain("niphas-mesh");
    expect(containersOf(without, "DaemonSet").map(({ container }) => container.name)).toEqual(["plugin"]);
  });

  it("runs beside the plugin, as an ordinary user of its own, without capabilities", () => {
    const names = containersOf(objects, "DaemonSet").map(({ container }) => container.name);
    expect(names).toEqual(["plugin", "mesh", "mesh-state"]);
    expect(mesh().securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      runAsNonRoot: true,
      runAsUser: 64_823,
      runAsGroup: 64_823,
      seccompProfile: { type: "RuntimeDefault" },
    });
    const others = containersOf(objects).map(
      ({ pod, container }) => container.securityContext?.runAsUser ?? pod.securityContext?.runAsUser,
    );
    expect(others.filter((user) => user === 64_823)).toHaveLength(1);
  });

  it("can write to nothing but its own state directory", () => {
    const writable = mesh().volumeMounts?.filter(({ readOnly }) => readOnly !== true);
    expect(writable).toEqual([{ name: "mesh-state", mountPath: "/var/lib/niphas-mesh" }]);
    expect(volume("mesh-state")).toMatchObject({ hostPath: { path: "/var/lib/niphas/mesh" } });
    expect(volume("store")).toMatchObject({ hostPath: { path: "/var/lib/niphas/store" } });
  });

  it("is given its state directory on the node by a container that can do nothing else", () => {
    const [container] = plugin()?.pod.initContainers ?? [];
    expect(container?.command?.slice(0, -1)).toEqual([
      "install",
      "--directory",
      "--owner=64823",
      "--group=64823",
      "--mode=0700",
    ]);
    expect(container?.volumeMounts).toEqual([{ name: "mesh-state", mountPath: container?.command?.at(-1) }]);
    expect(container?.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"], add: ["CHOWN", "FOWNER"] },
    });
  });

  it("has no probe that makes the plugin's pod wait for it", () => {
    expect(mesh()).not.toHaveProperty("readinessProbe");
    expect(mesh()).not.toHaveProperty("startupProbe");
    expect(mesh()).toMatchObject({ livenessProbe: { httpGet: { path: "/livez", port: "mesh-health" } } });
  });

  it("may use as much memory as a hundred evil members can make it use", () => {
    const limits = Object(mesh().resources?.limits);
    expect(limits["memory"]).toBe("3Gi");
    expect(memoryBound(100).totalBytes + WORKING_BYTES).toBeLessThan(3 * 1024 ** 3);
  });

  it("has the only token of the pod", () => {
    const { volumeMounts = [] } = mesh();
    const at = volumeMounts.find(({ mountPath }) => mountPath === "/var/run/secrets/kubernetes.io/serviceaccount");
    expect(volume(at?.name)).toMatchObject({
      projected: { sources: [{ serviceAccountToken: { path: "token" } }, {}] },
    });
  });

  it("is told where it is, whom to ask and whom to trust", () => {
    expect(mesh().args).toEqual([
      "mesh",
      "--listen=:7000",
      "--substituter=127.0.0.1:9812",
      "--store=/var/lib/niphas/store",
      "--upstream=https://cache.example.org",
      "--netrc-file=/etc/niphas/netrc/netrc",
      "--members=kubernetes",
      "--group-secret-file=/etc/niphas/mesh/secret",
      "--state-dir=/var/lib/niphas-mesh",
      "--metrics-listen=:9813",
      "--log-level=info",
    ]);
  });

  it("finds the files that its arguments name, readable by its user", () => {
    const files = mesh().args?.flatMap((each) => each.match(/^--\S+-file=(.*)\/([^/]+)$/)?.slice(1, 3) ?? []) ?? [];
    expect(files).toHaveLength(4);
    for (let at = 0; at < files.length; at += 2) {
      const found = mesh().volumeMounts?.find(({ mountPath }) => mountPath === files[at]);
      expect(volume(found?.name)).toMatchObject({ secret: { defaultMode: 0o444, items: [{ path: files[at + 1] }] } });
    }
  });

  it("may read Leases and Nodes, and write Leases of its namespace", () => {
    const rules = objects
      .filter(({ kind, metadata }) => kind.endsWith("Role") && metadata.name === "niphas-node")
      .map(({ kind, rules: each }) => [kind, each]);
    expect(Object.fromEntries(rules)).toEqual({
      Role: [
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["list", "watch", "create", "patch"] },
      ],
      ClusterRole: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get"] }],
    });
  });

  it("is kept by a policy to the Lease of its own node", () => {
    const policy = object("ValidatingAdmissionPolicy");
    expect(policy).toMatchObject({
      spec: {
        failurePolicy: "Fail",
        matchConditions: [
          { expression: "request.userInfo.username == 'system:serviceaccount:niphas-system:niphas-node'" },
        ],
      },
    });
    expect(object("ValidatingAdmissionPolicyBinding")).toMatchObject({
      spec: { policyName: policy?.metadata.name, validationActions: ["Deny"] },
    });
  });

  it("is reached on its port by other nodes' pods alone, and its metrics by whom the plugin's are", () => {
    const policies = objects.filter(({ kind }) => kind === "NetworkPolicy");
    const named = (name: string) => policies.find(({ metadata }) => metadata.name === name);
    const node = { "app.kubernetes.io/name": "niphas", "app.kubernetes.io/component": "node" };
    expect(named("niphas-mesh")).toMatchObject({
      spec: {
        podSelector: { matchLabels: node },
        ingress: [{ from: [{ podSelector: { matchLabels: node } }], ports: [{ port: "mesh" }] }],
      },
    });
    expect(named("niphas-metrics")).toMatchObject({
      spec: { ingress: [{ ports: [{ port: "health" }, { port: "mesh-health" }] }] },
    });
    const ports = mesh().ports?.map(({ name, containerPort }) => `${name} ${containerPort}`);
    expect(ports).toEqual(["mesh 7000", "mesh-health 9813"]);
  });
});

function mesh(): Container {
  const found = containersOf(objects, "DaemonSet").find(({ container }) => container.name === "mesh");
  if (found === undefined) throw new Error("there is no container of the mesh");
  return found.container;
}

function plugin() {
  return containersOf(objects, "DaemonSet").find(({ container }) => container.name === "plugin");
}

function volume(name: string | undefined): unknown {
  return plugin()?.pod.volumes?.find((each) => each.name === name);
}

function object(kind: string): KubernetesObject | undefined {
  return objects.find((each) => each.kind === kind);
}
