import { copyFileSync, writeFileSync } from "node:fs";
import {
  CONFIG_MAPS,
  CSI_NODES,
  createKubeClient,
  DAEMON_SETS,
  NODES,
  type OwnedKubeClient,
  Reflector,
} from "@niphas/kube";
import { freePort, runCommand, temporaryDirectory, waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Cluster, missingForCluster } from "../../cluster/index.ts";
import { niphas, startCli } from "../cli/cli.ts";

const NAMESPACE = "default";
const TAINT = { key: "niphas.io/not-ready", effect: "NoSchedule" };
const OTHER = { key: "example.org/other", effect: "PreferNoSchedule" };

const { signal } = new AbortController();
let cluster: Cluster;
let kube: OwnedKubeClient;

/** A control plane without nodes; once is enough, so on the host's own system only. */
const missing = process.env["NIPHAS_IN_FORKY"] === "1" ? ["to run outside of the forky root"] : missingForCluster();

beforeAll(async () => {
  if (missing.length > 0) return;
  cluster = await Cluster.up({ name: "kube-test", nodes: 0 });
  kube = await createKubeClient({ file: cluster.kubeconfigFile });
});
afterAll(async () => {
  kube?.[Symbol.dispose]();
  await cluster?.down();
});
beforeEach((test) => test.skip(missing.length > 0, `it needs ${missing.join(", ")}: run scripts/setup.sh cluster`));

const name = (object: string) => ({ name: object, namespace: NAMESPACE });
const newConfigMap = (object: string) => ({ metadata: name(object), data: { a: "1" } });

async function createNode(nodeName: string) {
  const node = { metadata: { name: nodeName }, spec: { taints: [OTHER, TAINT] } };
  return kube.client.create(NODES, node, signal);
}

async function registerDriver(nodeName: string, nodeUid: string | undefined, driver: string): Promise<void> {
  const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeUid ?? "" }];
  const spec = { drivers: [{ name: driver, nodeID: nodeName, topologyKeys: null }] };
  await kube.client.create(CSI_NODES, { metadata: { name: nodeName, ownerReferences }, spec }, signal);
}

async function taintKeys(nodeName: string): Promise<readonly string[]> {
  const node = await kube.client.get(NODES, { name: nodeName }, signal);
  return (node.spec?.taints ?? []).map(({ key }) => key);
}

/** Signals the API server's process. */
async function signalApiServer(name: "STOP" | "CONT"): Promise<void> {
  const control = cluster.status().machines.find((machine) => machine.name === "control");
  await runCommand(["pkill", `-${name}`, "--parent", String(control?.pid), "--full", "^kube-apiserver "]);
}

describe("the client of a real API server", () => {
  it("makes, reads, changes and deletes objects", async () => {
    const { client } = kube;
    const created = await client.create(CONFIG_MAPS, newConfigMap("x"), signal);
    expect(await client.get(CONFIG_MAPS, name("x"), signal)).toEqual(created);
    const patch = { type: "merge", body: { data: { b: "2" } } } as const;
    expect((await client.patch(CONFIG_MAPS, name("x"), patch, signal)).data).toEqual({ a: "1", b: "2" });
    await client.delete(CONFIG_MAPS, name("x"), { uid: created.metadata.uid ?? "" }, signal);
    await expect(client.get(CONFIG_MAPS, name("x"), signal)).rejects.toMatchObject({ code: "ApiNotFound" });
  });

  it("applies what it owns, and takes fields from others only by force", async () => {
    const apply = async (fieldManager: string, value: string, force = false) => {
      const patch = { type: "apply", object: { data: { a: value } }, fieldManager, force } as const;
      return (await kube.client.patch(CONFIG_MAPS, name("applied"), patch, signal)).data;
    };
    expect(await apply("one", "1")).toEqual({ a: "1" });
    await expect(apply("two", "2")).rejects.toMatchObject({ code: "ApiConflict" });
    expect(await apply("two", "2", true)).toEqual({ a: "2" });
  });

  it("tells conflicts from what makes no sense", async () => {
    const { client } = kube;
    const { metadata } = await createNode("conflicts");
    const stale = { type: "merge", body: { metadata: { resourceVersion: "1", labels: { a: "b" } } } } as const;
    const wrongUid = { type: "json", operations: [{ op: "test", path: "/metadata/uid", value: "x" }] } as const;
    for (const patch of [stale, wrongUid]) {
      const patched = client.patch(NODES, { name: "conflicts" }, patch, signal);
      await expect(patched).rejects.toMatchObject({ code: "ApiConflict" });
    }
    const taint = { key: "!", effect: "Odd" };
    const odd = { type: "json", operations: [{ op: "add", path: "/spec/taints/0", value: taint }] } as const;
    const refused = client.patch(NODES, { name: "conflicts" }, odd, signal);
    await expect(refused).rejects.toMatchObject({ code: "ApiRefused", message: expect.stringContaining("is invalid") });
    await expect(createNode("conflicts")).rejects.toMatchObject({ code: "ApiConflict" });
    const other = client.delete(NODES, { name: "conflicts" }, { uid: "another" }, signal);
    await expect(other).rejects.toMatchObject({ code: "ApiConflict" });
    await client.delete(NODES, { name: "conflicts" }, { uid: metadata.uid ?? "" }, signal);
  });

  it("lists more than one chunk", async () => {
    const names = Array.from({ length: 520 }, (_, index) => `many-${index}`);
    for (let at = 0; at < names.length; at += 20) {
      const batch = names.slice(at, at + 20);
      await Promise.all(batch.map((each) => kube.client.create(CONFIG_MAPS, newConfigMap(each), signal)));
    }
    const trim = (map: { metadata: { name: string } }) => (map.metadata.name.startsWith("many-") ? map : undefined);
    const { items } = await kube.client.list(CONFIG_MAPS, { namespace: NAMESPACE, trim }, signal);
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(names.sort());
  });

  it("is told what a service account may not do", async () => {
    const { stdout: token } = await cluster.kubectl(["create", "token", "default"], { check: true });
    await using directory = temporaryDirectory("kube-");
    const file = directory.join("kubeconfig");
    copyFileSync(cluster.kubeconfigFile, file);
    await cluster.kubectl(["config", `--kubeconfig=${file}`, "set-credentials", "limited", `--token=${token.trim()}`]);
    await cluster.kubectl(["config", `--kubeconfig=${file}`, "set-context", "--current", "--user=limited"]);
    using limited = await createKubeClient({ file });
    const denied = limited.client.list(NODES, {}, signal);
    await expect(denied).rejects.toMatchObject({ code: "ApiDenied", kind: "denied" });
    await expect(denied).rejects.toThrow('User "system:serviceaccount:default:default" cannot list resource "nodes"');
  });

  it("takes the credentials of a pod", async () => {
    const { stdout: token } = await cluster.kubectl(["create", "token", "default"], { check: true });
    const { stdout: config } = await cluster.kubectl(["config", "view", "--raw", "--flatten", "-o", "json"]);
    const { server, "certificate-authority-data": authority } = JSON.parse(config).clusters[0].cluster;
    await using directory = temporaryDirectory("kube-");
    writeFileSync(directory.join("token"), token);
    writeFileSync(directory.join("ca.crt"), Buffer.from(authority, "base64"));
    const { hostname, port } = new URL(server);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    using pod = await createKubeClient({ serviceAccount: { directory: directory.path, env } });
    const denied = pod.client.list(NODES, {}, signal);
    await expect(denied).rejects.toThrow('User "system:serviceaccount:default:default" cannot list resource "nodes"');
  });
});

describe("a reflector of a real API server", () => {
  it("follows changes, and goes on after the API server has hung", async () => {
    const stop = new AbortController();
    const changes: string[] = [];
    const failures: string[] = [];
    const impatience = { watchSilenceMs: 1500, requestTimeoutMs: 1500 };
    using impatient = await createKubeClient({ file: cluster.kubeconfigFile }, impatience);
    const reflector = new Reflector(impatient, {
      resource: CONFIG_MAPS,
      selection: { namespace: NAMESPACE, labelSelector: "watched=yes" },
      onChange: ({ key, object }) => changes.push(`${object === undefined ? "-" : "+"}${key}`),
      onFailure: ({ code }) => failures.push(code),
    });
    const running = reflector.run(stop.signal);
    const labels = { watched: "yes" };
    const create = async (each: string) =>
      kube.client.create(CONFIG_MAPS, { metadata: { ...name(each), labels } }, signal);
    try {
      await reflector.synced();
      await create("w1");
      await expect.poll(() => changes).toEqual(["+default/w1"]);
      await signalApiServer("STOP");
      await expect.poll(() => failures).toContain("ApiUnavailable");
      await signalApiServer("CONT");
      await waitUntil("the API server", async () => create("w2").catch(() => undefined));
      await kube.client.delete(CONFIG_MAPS, name("w1"), {}, signal);
      await expect.poll(() => changes).toEqual(["+default/w1", "+default/w2", "-default/w1"]);
      await expect.poll(() => reflector.failure).toBe(undefined);
    } finally {
      await signalApiServer("CONT");
      stop.abort();
      await running;
    }
  });
});

describe("niphas controller", () => {
  it("takes the startup taint off nodes with the driver, until it is told to end", async () => {
    const before = await createNode("registered-before");
    await registerDriver("registered-before", before.metadata.uid, "csi.niphas.io");
    const other = await createNode("other-driver");
    await registerDriver("other-driver", other.metadata.uid, "csi.other.io");
    const health = `127.0.0.1:${await freePort()}`;
    const flags = [`--kubeconfig=${cluster.kubeconfigFile}`, `--health-listen=${health}`];
    await using controller = startCli(["controller", ...flags]);
    await expect.poll(async () => taintKeys("registered-before")).not.toContain(TAINT.key);
    expect(await taintKeys("registered-before")).toContain(OTHER.key);
    const later = await createNode("registered-later");
    await registerDriver("registered-later", later.metadata.uid, "csi.niphas.io");
    await expect.poll(async () => taintKeys("registered-later")).not.toContain(TAINT.key);
    expect(await taintKeys("other-driver")).toContain(TAINT.key);
    expect(await (await fetch(`http://${health}/readyz`)).text()).toBe("ok\n");
    const metrics = await (await fetch(`http://${health}/metrics`)).text();
    expect(metrics).toContain("niphas_controller_taints_removed_total 2");
    expect(metrics).toContain("niphas_controller_tainted_nodes 1");
    controller.kill("SIGTERM");
    expect(await controller.ended()).toMatchObject({ exitCode: 0, stdout: "" });
  });
});

describe("niphas uninstall", () => {
  const uninstall = async () => {
    const flags = ["--namespace=default", "--node-image=none", `--kubeconfig=${cluster.kubeconfigFile}`];
    return niphas(["uninstall", ...flags]);
  };
  const labels = { app: "plugin" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "plugin", image: "none" }] } };
  const daemonSet = { metadata: name("niphas-node"), spec: { selector: { matchLabels: labels }, template } };

  it("refuses while a pod uses a volume, and notes an event that kubectl describe shows", async () => {
    await kube.client.create(DAEMON_SETS, daemonSet, signal);
    const csi = { driver: "csi.niphas.io", readOnly: true };
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "user" },
      spec: { containers: [{ name: "c", image: "none" }], volumes: [{ name: "nix", csi }] },
    };
    await cluster.kubectl(["apply", "--filename=-"], { input: JSON.stringify(pod), check: true });
    const refused = await uninstall();
    expect(refused).toMatchObject({ exitCode: 5, stdout: "" });
    expect(refused.stderr).toContain("default/user not scheduled yet\n");
    const { stdout } = await cluster.kubectl(["describe", "daemonset", "niphas-node"], { check: true });
    expect(stdout).toMatch(/Warning +UninstallRefused .*1 pod still uses volumes of csi\.niphas\.io: default\/user/);
  });

  it("goes on when it is forced, and finds nothing to do a second time", async () => {
    await cluster.kubectl(["annotate", "daemonset", "niphas-node", "niphas.io/force-uninstall=true"], { check: true });
    const done = await uninstall();
    expect(done).toMatchObject({ exitCode: 0, stdout: "" });
    expect(done.stderr).toContain("DaemonSet niphas-node deleted; nodes to clean: 0\nnodes cleaned: 0\n");
    const objects = ["daemonset/niphas-node", "configmap/niphas-uninstall"];
    expect((await cluster.kubectl(["get", ...objects, "--ignore-not-found", "--output=name"])).stdout).toBe("");
    expect((await uninstall()).stderr).toBe("there is no DaemonSet niphas-node, and nothing is left to clean\n");
  });
});
