import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubeClient, type OwnedKubeClient } from "@niphas/kube";
import { healthApp } from "@niphas/service";
import { FakeApiServer, type JsonObject } from "@niphas/testing";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hangOf } from "../health/liveness.ts";
import { ControllerMetrics } from "../metrics/controller-metrics.ts";
import { NodeController } from "./node-controller.ts";

const DRIVER = "csi.niphas.io";
const OURS = { key: "niphas.io/not-ready", effect: "NoSchedule" };
const OTHER = { key: "node.kubernetes.io/unreachable", effect: "NoExecute", timeAdded: "2020-01-01T00:00:00Z" };

let directory: string;
let api: FakeApiServer;
let owned: OwnedKubeClient;
let stop: AbortController;
let running: Promise<void>;
let controller: NodeController;
let metrics: ControllerMetrics;
let logged: JsonObject[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "niphas-operator-"));
  api = await FakeApiServer.start();
  const file = join(directory, "kubeconfig");
  api.writeKubeconfig(file);
  owned = await createKubeClient({ file });
  running = Promise.resolve();
  stop = new AbortController();
  logged = [];
});
afterEach(async () => {
  stop.abort();
  await running;
  owned[Symbol.dispose]();
  await api[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

function start(): void {
  metrics = new ControllerMetrics();
  const logger = pino({ base: null }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  const components = { client: owned.client, logger, observer: metrics };
  controller = new NodeController(components, { driverName: DRIVER, taintKey: OURS.key });
  metrics.watch(controller);
  running = controller.run(stop.signal);
}

function putNode(name: string, taints: readonly JsonObject[] | undefined): string {
  const spec = taints === undefined ? {} : { taints };
  return api.store.put("v1/nodes", { metadata: { name, labels: { a: "b" } }, spec }).metadata.uid;
}

function putCsiNode(name: string, drivers: readonly string[] | null, nodeUid?: string): void {
  const ownerReferences = nodeUid === undefined ? undefined : [{ apiVersion: "v1", kind: "Node", name, uid: nodeUid }];
  api.store.put("storage.k8s.io/v1/csinodes", {
    metadata: { name, ownerReferences },
    spec: { drivers: drivers?.map((each) => ({ name: each, nodeID: name })) ?? null },
  });
}

function taintsOf(name: string): unknown {
  const node = api.store.get({ resource: "v1/nodes", namespace: undefined, name });
  return node === undefined ? undefined : Object(node["spec"]).taints;
}

const patches = (): readonly string[] => api.log.filter((line) => line.startsWith("PATCH"));
const isIdle = (): boolean => controller.blindness.length === 0 && controller.queueSize === 0;

describe("the node controller", () => {
  it("takes the startup taint off a node when its driver is registered, and touches nothing else", async () => {
    putNode("n", [OTHER, OURS]);
    putCsiNode("n", []);
    start();
    await expect.poll(isIdle).toBe(true);
    expect(patches()).toEqual([]);
    putCsiNode("n", ["csi.other.io", DRIVER]);
    await expect.poll(() => taintsOf("n")).toEqual([OTHER]);
    const node = api.store.get({ resource: "v1/nodes", namespace: undefined, name: "n" });
    expect(node?.metadata["labels"]).toEqual({ a: "b" });
    await expect
      .poll(() => logged.find(({ msg }) => String(msg).startsWith("startup taint removed")))
      .toMatchObject({
        node: "n",
        taint: OURS.key,
      });
  });

  it("finds at its start what happened before", async () => {
    putNode("n", [OURS]);
    putCsiNode("n", [DRIVER]);
    start();
    await expect.poll(() => taintsOf("n")).toEqual([]);
  });

  it("takes it off a node that gets it later, whatever its effects", async () => {
    putNode("n", undefined);
    putCsiNode("n", [DRIVER]);
    start();
    await expect.poll(isIdle).toBe(true);
    putNode("n", [OURS, OTHER, { ...OURS, effect: "NoExecute" }]);
    await expect.poll(() => taintsOf("n")).toEqual([OTHER]);
    expect(patches()).toHaveLength(1);
  });

  it("leaves nodes alone where the driver is not registered, or where nobody says so", async () => {
    putNode("without", [OURS]);
    putNode("null", [OURS]);
    putCsiNode("null", null);
    putNode("other", [OURS]);
    putCsiNode("other", ["csi.other.io"]);
    putCsiNode("no-node", [DRIVER]);
    start();
    await expect.poll(isIdle).toBe(true);
    expect(patches()).toEqual([]);
  });

  it("does not believe what is said about an earlier node of the same name", async () => {
    putNode("n", [OURS]);
    putCsiNode("n", [DRIVER], "uid-of-the-earlier-node");
    start();
    await expect.poll(isIdle).toBe(true);
    expect(patches()).toEqual([]);
    putCsiNode("n", [DRIVER], api.store.get({ resource: "v1/nodes", namespace: undefined, name: "n" })?.metadata.uid);
    await expect.poll(() => taintsOf("n")).toEqual([]);
  });

  it("never adds a taint when a driver goes away", async () => {
    putNode("n", []);
    putCsiNode("n", [DRIVER]);
    start();
    await expect.poll(isIdle).toBe(true);
    await expect.poll(() => api.watches.count).toBe(2);
    putCsiNode("n", []);
    // News of a resource comes in order: when this node is done, the other has been looked at.
    putNode("later", [OURS]);
    putCsiNode("later", [DRIVER]);
    await expect.poll(() => taintsOf("later")).toEqual([]);
    await expect.poll(isIdle).toBe(true);
    expect(patches()).toEqual(["PATCH /api/v1/nodes/later"]);
  });

  it("keeps what somebody else changed meanwhile, and tries again", async () => {
    putNode("n", [OURS]);
    start();
    await expect.poll(isIdle).toBe(true);
    await expect.poll(() => api.watches.count).toBe(2);
    // The news does not arrive: the controller works from what it last saw.
    api.setFaults({ path: /nodes\?.*watch/, drop: true });
    api.watches.end("broken");
    putNode("n", [OTHER, OURS]);
    putCsiNode("n", [DRIVER]);
    api.setFaults({ path: /\/v1\/nodes\?.*watch/, drop: true });
    await expect.poll(() => patches().length).toBeGreaterThan(0);
    expect(taintsOf("n")).toEqual([OTHER, OURS]);
    api.setFaults();
    await expect.poll(() => taintsOf("n")).toEqual([OTHER]);
    expect(await metrics.render()).toMatch(/niphas_controller_failures_total\{kind="conflict",code="ApiConflict"\} \d/);
  }, 20_000);

  it("tries again when the API server fails, and says so in its log and metrics", async () => {
    putNode("n", [OURS]);
    putCsiNode("n", [DRIVER]);
    api.setFaults({ method: "PATCH", status: 500, times: 2 });
    start();
    await expect.poll(() => taintsOf("n")).toEqual([]);
    expect(logged.filter(({ msg }) => msg === "startup taint not removed yet; trying again")).toHaveLength(2);
    await expect.poll(isIdle).toBe(true);
    const text = await metrics.render();
    expect(text).toContain('niphas_controller_failures_total{kind="unavailable",code="ApiUnavailable"} 2');
    expect(text).toContain("niphas_controller_taints_removed_total 1");
    expect(text).toContain("niphas_controller_tainted_nodes 0");
    expect(text).toContain("niphas_controller_queue_size 0");
  });

  it("does not mind a node that goes away while it is looked at", async () => {
    putNode("n", [OURS]);
    putCsiNode("n", [DRIVER]);
    api.setFaults({ method: "PATCH", status: 404 });
    start();
    await expect.poll(() => patches().length).toBe(1);
    await expect.poll(isIdle).toBe(true);
    expect(patches()).toHaveLength(1);
  });

  it("brings many nodes in line, each with one call", async () => {
    for (let index = 0; index < 300; index++) {
      putNode(`n${index}`, [OURS]);
      putCsiNode(`n${index}`, [DRIVER]);
    }
    start();
    await expect.poll(() => patches().length).toBe(300);
    await expect.poll(() => controller.taintedCount).toBe(0);
    expect(patches()).toHaveLength(300);
  }, 20_000);
});

describe("health", () => {
  it("is ready while both watches stand, else says what is missing", async () => {
    api.setFaults({ path: /csinodes/, status: 403 });
    start();
    const app = healthApp({ liveness: () => undefined, readiness: () => controller.blindness, metrics });
    await expect
      .poll(async () => (await app.request("/readyz")).text())
      .toMatch(/^csinodes: .*403.*grant it by RBAC\n$/);
    expect((await app.request("/readyz")).status).toBe(503);
    api.setFaults();
    await expect.poll(async () => (await app.request("/readyz")).status).toBe(200);
    expect(await (await app.request("/metrics")).text()).toContain("niphas_controller_tainted_nodes 0");
  });

  it("is live unless work hangs", () => {
    expect(hangOf({ longestRunMs: 29_000 })).toBeUndefined();
    expect(hangOf({ longestRunMs: 301_000 })).toBe("work on a node has taken 301 s");
  });
});
