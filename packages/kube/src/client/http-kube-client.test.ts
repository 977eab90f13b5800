import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { FakeApiServer } from "@niphas/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKubeClient, type OwnedKubeClient } from "../create-client.ts";
import { HttpTransport } from "../http/transport.ts";
import { NODES, PODS } from "../objects/core.ts";
import { HttpKubeClient, type HttpKubeClientInit } from "./http-kube-client.ts";

const { signal } = new AbortController();
let directory: string;
let api: FakeApiServer;
let owned: OwnedKubeClient;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "niphas-kube-"));
  api = await FakeApiServer.start();
  await connect();
});
afterEach(async () => {
  owned[Symbol.dispose]();
  await api[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

async function connect(init: HttpKubeClientInit = {}): Promise<void> {
  const file = join(directory, "kubeconfig");
  api.writeKubeconfig(file);
  owned = await createKubeClient({ file }, init);
}

/** JSON is YAML. */
function kubeconfigWithHelper(script: string): string {
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "sh", args: ["-c", script] };
  return JSON.stringify({
    clusters: [{ name: "a", cluster: { server: "http://127.0.0.1:1" } }],
    users: [{ name: "a", user: { exec } }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
    "current-context": "a",
  });
}

function putPods(count: number): void {
  for (let index = 0; index < count; index++) {
    const labels = { parity: index % 2 === 0 ? "even" : "odd" };
    api.store.put("v1/pods", { metadata: { name: `p${index}`, namespace: "shop", labels } });
  }
}

describe("a request", () => {
  it("carries the token of the kubeconfig and says what it accepts", async () => {
    api.store.put("v1/nodes", { metadata: { name: "node-1" } });
    await owned.client.get(NODES, { name: "node-1" }, signal);
    expect(api.requests[0]?.headers).toMatchObject({ authorization: "Bearer token", accept: "application/json" });
  });

  it("reads the credentials anew when they are refused, and tries once more", async () => {
    api.store.put("v1/nodes", { metadata: { name: "node-1" } });
    api.setFaults({ status: 401, times: 1 });
    api.writeKubeconfig(join(directory, "kubeconfig"), "fresh");
    await owned.client.get(NODES, { name: "node-1" }, signal);
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer token", "Bearer fresh"]);
    api.setFaults({ status: 401 });
    await expect(owned.client.get(NODES, { name: "node-1" }, signal)).rejects.toMatchObject({ code: "ApiDenied" });
  });

  it.each([
    [400, "ApiRefused"],
    [403, "ApiDenied"],
    [404, "ApiNotFound"],
    [409, "ApiConflict"],
    [410, "ApiExpired"],
    [422, "ApiRefused"],
    [500, "ApiUnavailable"],
    [503, "ApiUnavailable"],
  ])("that is answered with %i fails with %s, naming verb, path and the server's words", async (status, code) => {
    api.setFaults({ status });
    const failed = owned.client.create(PODS, { metadata: { name: "p", namespace: "shop" } }, signal);
    await expect(failed).rejects.toMatchObject({ code });
    await expect(failed).rejects.toThrow(`${status} to POST /api/v1/namespaces/shop/pods: a fault of the test`);
  });

  it("waits as long as the API server asks for, and tries again", async () => {
    api.store.put("v1/nodes", { metadata: { name: "node-1" } });
    api.setFaults({ status: 429, headers: { "retry-after": "0" }, times: 3 });
    await owned.client.get(NODES, { name: "node-1" }, signal);
    expect(api.requests).toHaveLength(4);
  });

  it("gives up when it is asked to wait again and again, or longer than it has", async () => {
    api.setFaults({ status: 429, headers: { "retry-after": "0" } });
    const failed = owned.client.get(NODES, { name: "node-1" }, signal);
    await expect(failed).rejects.toMatchObject({ code: "ApiUnavailable" });
    expect(api.requests).toHaveLength(5);
    api.setFaults({ status: 503, headers: { "retry-after": "3600" } });
    await connect({ requestTimeoutMs: 5000 });
    await expect(owned.client.get(NODES, { name: "node-1" }, signal)).rejects.toMatchObject({ code: "ApiUnavailable" });
    expect(api.requests).toHaveLength(6);
  });

  it("to a server that never answers fails at its deadline", async () => {
    await connect({ requestTimeoutMs: 20 });
    api.setFaults({ hang: true });
    const failed = owned.client.get(NODES, { name: "node-1" }, signal);
    await expect(failed).rejects.toMatchObject({ code: "ApiUnavailable" });
    await expect(failed).rejects.toThrow("the API server went silent during GET /api/v1/nodes/node-1");
  });

  it("ends with its signal", async () => {
    api.setFaults({ hang: true });
    const controller = new AbortController();
    const failed = owned.client.get(NODES, { name: "node-1" }, controller.signal);
    controller.abort();
    await expect(failed).rejects.toMatchObject({ code: "Cancelled" });
    await expect(owned.client.get(NODES, { name: "x" }, AbortSignal.abort())).rejects.toMatchObject({
      code: "Cancelled",
    });
  });

  it("says where nobody answers", async () => {
    api.setFaults({ drop: true });
    const failed = owned.client.get(NODES, { name: "node-1" }, signal);
    await expect(failed).rejects.toMatchObject({ code: "ApiUnavailable" });
    await expect(failed).rejects.toThrow(new URL(api.url).host);
  });

  it("fails when something else than the API server answers", async () => {
    api.setFaults({ status: 200 });
    await expect(owned.client.list(NODES, {}, signal)).rejects.toMatchObject({ code: "ApiUnavailable" });
    await expect(owned.client.get(NODES, { name: "n" }, signal)).rejects.toThrow(
      "is not a Node: is a proxy in between?",
    );
  });
});

describe("a list", () => {
  it("is fetched in chunks, of one namespace or all, as selected", async () => {
    putPods(1100);
    api.store.put("v1/pods", { metadata: { name: "other", namespace: "default" } });
    const all = await owned.client.list(PODS, {}, signal);
    expect(all.items).toHaveLength(1101);
    expect(api.requests).toHaveLength(3);
    expect(all.resourceVersion).toBe(String(api.store.version));
    expect((await owned.client.list(PODS, { namespace: "shop" }, signal)).items).toHaveLength(1100);
    const selected = { namespace: "shop", labelSelector: "parity=odd", fieldSelector: "metadata.name=p7" };
    expect((await owned.client.list(PODS, selected, signal)).items.map(({ metadata }) => metadata.name)).toEqual([
      "p7",
    ]);
  });

  it("keeps only what is asked for", async () => {
    putPods(4);
    const trim = (pod: { metadata: { name: string; labels?: object } }) =>
      pod.metadata.name === "p1" ? undefined : { metadata: { name: pod.metadata.name } };
    const { items } = await owned.client.list(PODS, { trim }, signal);
    expect(items).toEqual([{ metadata: { name: "p0" } }, { metadata: { name: "p2" } }, { metadata: { name: "p3" } }]);
  });

  it("begins again when its version expires between two chunks", async () => {
    putPods(600);
    api.setFaults({ path: /continue=/, status: 410, times: 1 });
    expect((await owned.client.list(PODS, {}, signal)).items).toHaveLength(600);
    api.setFaults({ path: /continue=/, status: 410 });
    expect((await owned.client.list(PODS, {}, signal)).items).toHaveLength(600);
    expect(api.log.at(-1)).toBe("GET /api/v1/pods");
  });
});

describe("a change", () => {
  it("makes an object once", async () => {
    const created = await owned.client.create(PODS, { metadata: { name: "p", namespace: "shop" }, spec: {} }, signal);
    expect(created).toMatchObject({ apiVersion: "v1", kind: "Pod", metadata: { name: "p", uid: expect.any(String) } });
    await expect(
      owned.client.create(PODS, { metadata: { name: "p", namespace: "shop" } }, signal),
    ).rejects.toMatchObject({ code: "ApiConflict" });
  });

  it("by merge patch conflicts when the object has changed since it was read", async () => {
    const { metadata } = api.store.put("v1/nodes", { metadata: { name: "n" } });
    const { resourceVersion } = metadata;
    const body = { metadata: { resourceVersion, labels: { a: "1" } } };
    const patched = await owned.client.patch(NODES, { name: "n" }, { type: "merge", body }, signal);
    expect(patched.metadata.labels).toEqual({ a: "1" });
    await expect(owned.client.patch(NODES, { name: "n" }, { type: "merge", body }, signal)).rejects.toMatchObject({
      code: "ApiConflict",
    });
  });

  it("by JSON patch conflicts when it does not apply, and is refused when it would make the object invalid", async () => {
    api.store.put("v1/nodes", { metadata: { name: "n" }, spec: { taints: [{ key: "a" }, { key: "b" }] } });
    const remove = (key: string) =>
      owned.client.patch(
        NODES,
        { name: "n" },
        {
          type: "json",
          operations: [
            { op: "test", path: "/spec/taints/0", value: { key } },
            { op: "remove", path: "/spec/taints/0" },
          ],
        },
        signal,
      );
    expect((await remove("a")).spec?.taints).toEqual([{ key: "b" }]);
    await expect(remove("a")).rejects.toMatchObject({ code: "ApiConflict" });
    const message = 'Node "n" is invalid: spec.taints[0].effect';
    api.setFaults({ status: 422, message, details: { name: "n", kind: "Node" } });
    await expect(remove("b")).rejects.toMatchObject({ code: "ApiRefused", message: expect.stringContaining(message) });
  });

  it("by server-side apply makes the object and names its manager", async () => {
    const object = { metadata: { labels: { a: "1" } } };
    const patch = { type: "apply", object, fieldManager: "niphas", force: true } as const;
    const applied = await owned.client.patch(PODS, { name: "p", namespace: "shop" }, patch, signal);
    expect(applied).toMatchObject({ kind: "Pod", metadata: { name: "p", namespace: "shop", labels: { a: "1" } } });
    expect(api.log).toEqual(["PATCH /api/v1/namespaces/shop/pods/p?fieldManager=niphas&force=true"]);
    expect(api.requests[0]?.headers["content-type"]).toBe("application/apply-patch+yaml");
  });

  it("deletes only the very object that is meant", async () => {
    const { metadata } = api.store.put("v1/nodes", { metadata: { name: "n" } });
    await expect(owned.client.delete(NODES, { name: "n" }, { uid: "another" }, signal)).rejects.toMatchObject({
      code: "ApiConflict",
    });
    await owned.client.delete(NODES, { name: "n" }, { uid: metadata.uid, propagationPolicy: "Background" }, signal);
    expect(api.store.list({ resource: "v1/nodes", namespace: undefined })).toEqual([]);
    expect(JSON.parse(api.requests.at(-1)?.body ?? "")).toMatchObject({ propagationPolicy: "Background" });
  });
});

describe("a watch", () => {
  async function watchFrom(resourceVersion: number | string, watchSignal = signal) {
    const events = await owned.client.watch(PODS, { resourceVersion: String(resourceVersion) }, watchSignal);
    return events[Symbol.asyncIterator]();
  }

  it("tells what came since the version, then what comes, and bookmarks", async () => {
    const { version } = api.store;
    putPods(1);
    const events = await watchFrom(version);
    expect((await events.next()).value).toMatchObject({ type: "added", object: { metadata: { name: "p0" } } });
    putPods(1);
    expect((await events.next()).value).toMatchObject({ type: "modified" });
    api.store.remove({ resource: "v1/pods", namespace: "shop", name: "p0" });
    expect((await events.next()).value).toMatchObject({ type: "deleted" });
    api.watches.sendBookmarks();
    expect((await events.next()).value).toEqual({ type: "bookmark", resourceVersion: String(api.store.version) });
    api.watches.end();
    expect((await events.next()).done).toBe(true);
  });

  it("asks for bookmarks and for an end after some minutes", async () => {
    const events = await watchFrom(api.store.version);
    api.watches.end();
    await events.next();
    const [, query] = api.log[0]?.split("?") ?? [];
    const parameters = new URLSearchParams(query);
    expect(parameters.get("allowWatchBookmarks")).toBe("true");
    expect(Number(parameters.get("timeoutSeconds"))).toBeGreaterThanOrEqual(240);
  });

  it("of a version that is forgotten fails with ApiExpired", async () => {
    putPods(1);
    api.compact();
    const events = await watchFrom(1);
    await expect(events.next()).rejects.toMatchObject({ code: "ApiExpired" });
  });

  it("that breaks off fails with ApiUnavailable", async () => {
    const events = await watchFrom(api.store.version);
    const next = events.next();
    api.watches.end("broken");
    await expect(next).rejects.toMatchObject({ code: "ApiUnavailable" });
  });

  it("that is silent is ended", async () => {
    await connect({ watchSilenceMs: 30 });
    const events = await watchFrom(api.store.version);
    await expect(events.next()).rejects.toThrow("the API server went silent during GET /api/v1/pods");
  });

  it("ends with its signal, and closes its connection when the reader stops", async () => {
    const controller = new AbortController();
    const events = await watchFrom(api.store.version, controller.signal);
    const next = events.next();
    controller.abort();
    await expect(next).rejects.toMatchObject({ code: "Cancelled" });
    const stream = await owned.client.watch(PODS, { resourceVersion: "1" }, signal);
    putPods(1);
    for await (const _ of stream) break;
    await expect.poll(() => api.watches.count).toBe(0);
  });
});

describe("credentials", () => {
  it("of a file that is missing or no kubeconfig are a wrong configuration", async () => {
    const missing = createKubeClient({ file: join(directory, "none") });
    await expect(missing).rejects.toThrow("cannot be read as a kubeconfig");
    writeFileSync(join(directory, "odd"), "current-context: none");
    const odd = createKubeClient({ file: join(directory, "odd") });
    await expect(odd).rejects.toMatchObject({ code: "InvalidConfiguration" });
  });

  it.each([
    ["kubeconfig", "users: [{token: canary-51c7}\n"],
    ["output of a helper", kubeconfigWithHelper("echo canary-51c7")],
  ])("are not quoted when the %s cannot be parsed", async (_, text) => {
    const file = join(directory, "broken");
    writeFileSync(file, text);
    const error = await createKubeClient({ file }).then(
      async ({ client }) => client.get(NODES, { name: "n" }, signal).catch((each: unknown) => each),
      (each: unknown) => each,
    );
    expect(inspect(error)).toContain(file);
    expect(inspect(error)).not.toContain("canary");
  });

  it("that never come are waited for until the deadline, or until the signal", async () => {
    const requestOptions = async () => new Promise<never>(() => undefined);
    const credentials = { server: new URL(api.url), requestOptions, invalidate: () => undefined };
    const components = { credentials, transport: new HttpTransport({ credentials }) };
    const late = new HttpKubeClient(components, { requestTimeoutMs: 20 }).get(NODES, { name: "n" }, signal);
    await expect(late).rejects.toMatchObject({ code: "ApiUnavailable" });
    const controller = new AbortController();
    const cancelled = new HttpKubeClient(components).get(NODES, { name: "n" }, controller.signal);
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: "Cancelled" });
  });

  it("outside of a pod need a kubeconfig", async () => {
    const nowhere = createKubeClient({ serviceAccount: { directory, env: {} } });
    await expect(nowhere).rejects.toThrow("run it in a pod, or give --kubeconfig");
  });
});
