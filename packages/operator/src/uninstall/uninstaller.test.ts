import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubeClient, type OwnedKubeClient } from "@niphas/kube";
import { FakeApiServer, type JsonObject, type StoreChange } from "@niphas/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLEANING_LABELS, cleaningPodName } from "./cleaning-pod.ts";
import type { UninstallOptions } from "./options.ts";
import { Uninstaller } from "./uninstaller.ts";

const NAMESPACE = "niphas-system";
/** Is waited for in full; long enough that a busy machine gets to the point of the test before it ends. */
const SHORT_MS = 3_000;
const PLUGIN_LABELS = { "app.kubernetes.io/component": "node" };
const OPTIONS: UninstallOptions = {
  namespace: NAMESPACE,
  daemonSetName: "niphas-node",
  driverName: "csi.niphas.io",
  nodeImage: "localhost/niphas/node:0.1.0",
  stateDir: "/var/lib/niphas",
  kubeletDir: "/var/lib/kubelet",
  keepStore: false,
  timeoutMs: 20_000,
};

let directory: string;
let api: FakeApiServer;
let owned: OwnedKubeClient;
let reported: string[];
/** What a cleaning pod on each node comes to; Succeeded if not given, nothing at all for "stuck". */
let outcomes: Map<string, JsonObject | "stuck">;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "niphas-operator-"));
  api = await FakeApiServer.start();
  const file = join(directory, "kubeconfig");
  api.writeKubeconfig(file);
  owned = await createKubeClient({ file });
  reported = [];
  outcomes = new Map();
  api.store.subscribe(playControllers);
  putDaemonSet();
  for (const name of ["node-1", "node-2"]) putNode(name);
});
afterEach(async () => {
  owned[Symbol.dispose]();
  await api[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

/** The garbage collector and the kubelets, as far as they matter here. */
function playControllers({ resource, type, object }: StoreChange): void {
  const { name } = object.metadata;
  if (resource === "apps/v1/daemonsets" && type === "DELETED") {
    for (const node of ["node-1", "node-2"]) setImmediate(() => removePod(NAMESPACE, `niphas-node-${node}`));
  }
  const nodeName = ["node-1", "node-2", "down"].find((each) => cleaningPodName(each) === name);
  if (resource !== "v1/pods" || type !== "ADDED" || nodeName === undefined) return;
  const status = outcomes.get(nodeName) ?? {
    phase: "Succeeded",
    containerStatuses: [terminated(0, "removed 3 views")],
  };
  if (status !== "stuck") setImmediate(() => api.store.put("v1/pods", { ...object, status }));
}

function terminated(exitCode: number, message: string): JsonObject {
  return { name: "clean-node", state: { terminated: { exitCode, message } } };
}

function putDaemonSet(annotations: JsonObject = {}): void {
  const template = { spec: { containers: [], serviceAccountName: "niphas-node", priorityClassName: "critical" } };
  api.store.put("apps/v1/daemonsets", {
    metadata: { name: "niphas-node", namespace: NAMESPACE, annotations },
    spec: { selector: { matchLabels: PLUGIN_LABELS }, template },
  });
}

function putNode(name: string, isReady = true): void {
  const conditions = [{ type: "Ready", status: isReady ? "True" : "Unknown" }];
  api.store.put("v1/nodes", { metadata: { name }, status: { conditions } });
  const metadata = { name: `niphas-node-${name}`, namespace: NAMESPACE, labels: PLUGIN_LABELS };
  api.store.put("v1/pods", { metadata, spec: { nodeName: name, containers: [] } });
}

function putUser(name: string, extra: { metadata?: JsonObject; phase?: string; driver?: string } = {}): void {
  const volumes = [{ name: "nix", csi: { driver: extra.driver ?? "csi.niphas.io" } }];
  api.store.put("v1/pods", {
    metadata: { name, namespace: "shop", ...extra.metadata },
    spec: { nodeName: "node-1", containers: [], volumes },
    status: { phase: extra.phase ?? "Running" },
  });
}

function putLease(metadata: JsonObject & { readonly name: string }): void {
  api.store.put("coordination.k8s.io/v1/leases", { metadata: { namespace: NAMESPACE, ...metadata }, spec: {} });
}

function removePod(namespace: string, name: string): void {
  api.store.remove({ resource: "v1/pods", namespace, name });
}

async function uninstall(
  options: Partial<UninstallOptions> = {},
  signal = new AbortController().signal,
): Promise<void> {
  const components = { ...owned, report: (line: string) => void reported.push(line) };
  await new Uninstaller(components, { ...OPTIONS, ...options, pollIntervalMs: 5 }).run(signal);
}

const daemonSets = () => api.store.list({ resource: "apps/v1/daemonsets", namespace: undefined });
const podNames = () => api.store.list({ resource: "v1/pods", namespace: NAMESPACE }).map((pod) => pod.metadata.name);
const plans = () => api.store.list({ resource: "v1/configmaps", namespace: undefined });
const createdPods = (): readonly JsonObject[] =>
  api.requests
    .filter(({ method, url }) => method === "POST" && url.endsWith("/pods"))
    .map(({ body }) => JSON.parse(body));

describe("uninstalling", () => {
  it("deletes the DaemonSet, cleans each node on which it ran, and leaves nothing", async () => {
    await uninstall();
    expect([daemonSets(), podNames(), plans()]).toEqual([[], [], []]);
    expect(reported).toContain("node-1: removed 3 views");
    expect(reported.at(-1)).toBe("nodes cleaned: 2");
  });

  it("cleans by a privileged pod that goes past the scheduler and has no rights", async () => {
    await uninstall({ keepStore: true, stateDir: "/data/niphas" });
    const [pod] = createdPods();
    expect(pod).toMatchObject({
      metadata: { name: cleaningPodName("node-1"), namespace: NAMESPACE },
      spec: {
        nodeName: "node-1",
        serviceAccountName: "niphas-node",
        priorityClassName: "critical",
        automountServiceAccountToken: false,
        tolerations: [{ operator: "Exists" }],
        containers: [
          {
            image: "localhost/niphas/node:0.1.0",
            args: ["clean-node", "--state-dir=/data/niphas", "--kubelet-dir=/var/lib/kubelet", "--keep-store"],
            securityContext: { privileged: true },
            volumeMounts: [
              { mountPath: "/var/lib/kubelet", mountPropagation: "Bidirectional" },
              { mountPath: "/data/niphas", mountPropagation: "Bidirectional" },
            ],
          },
        ],
      },
    });
  });

  it("deletes the Leases of the mesh, and no others", async () => {
    const labels = { "app.kubernetes.io/name": "niphas", "app.kubernetes.io/component": "mesh" };
    for (const name of ["niphas-mesh-node-1", "niphas-mesh-gone"]) putLease({ name, labels });
    putLease({ name: "somebody-else" });
    putLease({ name: "niphas-mesh-node-1", labels, namespace: "other" });
    await uninstall();
    const left = api.store.list({ resource: "coordination.k8s.io/v1/leases", namespace: undefined });
    expect(left.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`).sort()).toEqual([
      `${NAMESPACE}/somebody-else`,
      "other/niphas-mesh-node-1",
    ]);
    expect(reported).toContain("Leases of the mesh deleted: 2");
  });

  it("is refused while pods use volumes: lists them, notes an event, changes nothing", async () => {
    putUser("web-1");
    putUser("pending", { phase: "Pending" });
    putUser("other", { driver: "csi.other.io" });
    for (const phase of ["Succeeded", "Failed"]) putUser(phase.toLowerCase(), { phase });
    await expect(uninstall()).rejects.toMatchObject({ code: "VolumesInUse" });
    expect(reported).toEqual(["shop/pending on node-1", "shop/web-1 on node-1"]);
    const [event] = api.store.list({ resource: "v1/events", namespace: NAMESPACE });
    expect(event).toMatchObject({
      reason: "UninstallRefused",
      type: "Warning",
      involvedObject: { kind: "DaemonSet", name: "niphas-node", uid: daemonSets()[0]?.metadata.uid },
      message: "2 pods still use volumes of csi.niphas.io: shop/pending on node-1; shop/web-1 on node-1",
    });
    expect(daemonSets()).toHaveLength(1);
    expect(createdPods()).toEqual([]);
  });

  it("says how to force it, and how many more pods there are than it lists", async () => {
    for (let index = 0; index < 25; index++) putUser(`web-${index}`);
    await expect(uninstall()).rejects.toThrow(
      "25 pods still use volumes of csi.niphas.io: delete them first, or force it with " +
        "kubectl --namespace niphas-system annotate daemonset niphas-node niphas.io/force-uninstall=true",
    );
    expect(reported).toHaveLength(21);
    expect(reported.at(-1)).toBe("and 5 more");
  });

  it("is refused all the same when the event cannot be written", async () => {
    putUser("web-1");
    api.setFaults({ path: /\/events/, status: 403 });
    await expect(uninstall()).rejects.toMatchObject({ code: "VolumesInUse" });
  });

  it("waits for pods that are being deleted", async () => {
    putUser("leaving", { metadata: { deletionTimestamp: "2020-01-01T00:00:00Z" } });
    const running = uninstall();
    await expect.poll(() => api.log.filter((line) => line.includes("/api/v1/pods")).length).toBeGreaterThan(1);
    expect(daemonSets()).toHaveLength(1);
    removePod("shop", "leaving");
    await running;
    expect(daemonSets()).toEqual([]);
  });

  it("is refused when they do not go", async () => {
    putUser("leaving", { metadata: { deletionTimestamp: "2020-01-01T00:00:00Z" } });
    await expect(uninstall({ timeoutMs: SHORT_MS })).rejects.toMatchObject({ code: "VolumesInUse" });
    expect(reported).toEqual(["shop/leaving on node-1, being deleted"]);
  });

  it("changes nothing while the API server does not say which pods use volumes", async () => {
    putUser("web-1");
    api.setFaults({ path: /^\/api\/v1\/pods/, status: 503 });
    await expect(uninstall({ timeoutMs: SHORT_MS })).rejects.toMatchObject({
      code: "ApiUnavailable",
      message: "the API server does not say which pods use volumes of csi.niphas.io: nothing was changed",
    });
    expect([daemonSets().length, createdPods(), plans()]).toEqual([1, [], []]);
  });

  it("goes on in spite of pods when the DaemonSet's annotation forces it", async () => {
    putDaemonSet({ "niphas.io/force-uninstall": "true" });
    putUser("web-1");
    await uninstall();
    expect(daemonSets()).toEqual([]);
    expect(reported).toContain(
      "1 pod still uses volumes of csi.niphas.io; forced by the annotation niphas.io/force-uninstall: they lose their stores",
    );
  });

  it("is taken up again where it was cut off", async () => {
    outcomes.set("node-2", "stuck");
    const controller = new AbortController();
    const running = uninstall({}, controller.signal);
    await expect.poll(() => reported.includes("node-1: removed 3 views")).toBe(true);
    controller.abort();
    await expect(running).rejects.toThrow();
    expect(daemonSets()).toEqual([]);
    expect(podNames()).toEqual([]);
    outcomes.clear();
    await uninstall();
    expect(reported.filter((line) => line.startsWith("node-2"))).toEqual([
      expect.stringContaining("not cleaned"),
      "node-2: removed 3 views",
    ]);
    expect([podNames(), plans()]).toEqual([[], []]);
  });

  it("a second time finds nothing to do", async () => {
    await uninstall();
    await uninstall();
    expect(reported.at(-1)).toBe("there is no DaemonSet niphas-node, and nothing is left to clean");
  });

  it("fails when a node that works could not be cleaned, with what its pod said, and remembers the node", async () => {
    outcomes.set("node-1", { phase: "Failed", containerStatuses: [terminated(5, "niphas: /mnt is mounted\n")] });
    await expect(uninstall()).rejects.toMatchObject({ code: "NodesNotCleaned", kind: "unavailable" });
    expect(reported).toContain("node-1: not cleaned: niphas: /mnt is mounted");
    expect(reported).toContain("nodes cleaned: 1");
    expect([podNames(), plans().length]).toEqual([[], 1]);
  });

  it.each(["Pending", "Failed", "Succeeded"])("replaces a pod that an earlier attempt has left: %s", async (phase) => {
    outcomes.set("node-1", { phase });
    const place = { resource: "v1/pods", namespace: NAMESPACE, name: cleaningPodName("node-1") };
    api.store.put("v1/pods", { metadata: { name: place.name, namespace: NAMESPACE, labels: CLEANING_LABELS } });
    await expect.poll(() => api.store.get(place)?.["status"]).toEqual({ phase });
    outcomes.clear();
    await uninstall();
    expect(reported.at(-1)).toBe("nodes cleaned: 2");
    expect([createdPods().length, podNames()]).toEqual([2, []]);
  });

  it("takes from a plan that somebody has edited nothing that a cleaning pod does not need", async () => {
    api.store.remove({ resource: "apps/v1/daemonsets", namespace: NAMESPACE, name: "niphas-node" });
    const pod = { serviceAccountName: "niphas-node", hostPID: true, initContainers: [{ name: "x", image: "x" }] };
    const plan = JSON.stringify({ nodeNames: ["node-1"], podSelector: "app=gone", pod });
    api.store.put("v1/configmaps", { metadata: { name: "niphas-uninstall", namespace: NAMESPACE }, data: { plan } });
    await uninstall();
    const [created] = createdPods();
    expect(created).toMatchObject({ spec: { serviceAccountName: "niphas-node", nodeName: "node-1" } });
    expect(created?.["spec"]).not.toHaveProperty("hostPID");
    expect(created?.["spec"]).not.toHaveProperty("initContainers");
  });

  it("says at the deadline what a pod waits for", async () => {
    const waiting = { reason: "ImagePullBackOff", message: "no such image" };
    outcomes.set("node-2", { phase: "Pending", containerStatuses: [{ name: "clean-node", state: { waiting } }] });
    await expect(uninstall({ timeoutMs: SHORT_MS })).rejects.toMatchObject({ code: "NodesNotCleaned" });
    expect(reported).toContain("node-2: not cleaned: ImagePullBackOff no such image");
  });

  it("does not wait for nodes that are down, and says what to do there", async () => {
    putNode("down", false);
    await uninstall();
    expect(reported.slice(-2)).toEqual([
      "not cleaned, since their kubelets do not answer: down",
      "on each, once it is back, run as root with the program of the node image: niphas clean-node " +
        "--state-dir=/var/lib/niphas --kubelet-dir=/var/lib/kubelet",
    ]);
  });

  it("passes over nodes that no longer exist", async () => {
    api.store.remove({ resource: "v1/nodes", namespace: undefined, name: "node-2" });
    await uninstall();
    expect(reported.at(-1)).toBe("nodes cleaned: 1");
  });

  it("goes on when the API server is away while it waits", async () => {
    api.setFaults({ path: /labelSelector=.*component%3Dclean/, status: 503, times: 3, method: "GET" });
    await uninstall();
    expect([daemonSets(), podNames(), plans()]).toEqual([[], [], []]);
  });

  it("says that the time is up when the plugin does not go", async () => {
    api.store.put("v1/pods", {
      metadata: { name: "niphas-node-stays", namespace: NAMESPACE, labels: PLUGIN_LABELS },
      spec: { nodeName: "node-1", containers: [] },
    });
    await expect(uninstall({ timeoutMs: 200 })).rejects.toThrow(
      "the time is up; what is done stays done: run it again",
    );
  });
});
