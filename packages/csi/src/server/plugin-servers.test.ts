import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, type ServiceDefinition } from "@grpc/grpc-js";
import { NiphasError } from "@niphas/core";
import { Readiness, SystemClock } from "@niphas/service";
import { afterEach, beforeEach, expect, it } from "vitest";
import { PublishVolume } from "../publish/publish-volume.ts";
import { UnpublishVolume } from "../publish/unpublish-volume.ts";
import { HELLO, PUBLISHED, TestPlugin } from "../twins/test-plugin.ts";
import { PluginServers } from "./plugin-servers.ts";
import { loadCsiProto, loadRegistrationProto } from "./proto.ts";
import { RpcRunner } from "./rpc.ts";

interface Answer {
  readonly code: number;
  readonly details: string;
  readonly response: unknown;
}

const CANARY = "canary-77aa";
let plugin: TestPlugin;
let dir: string;
let servers: PluginServers;
let readiness: Readiness;
let clients: Client[];
let counted: string[];

beforeEach(() => {
  plugin = new TestPlugin();
  plugin.nix.addValid(HELLO);
  dir = mkdtempSync(join(tmpdir(), "niphas-srv-"));
  clients = [];
  counted = [];
  readiness = new Readiness();
  servers = newServers();
});
afterEach(async () => {
  for (const client of clients) client.close();
  await servers.stop();
  rmSync(dir, { recursive: true });
  plugin[Symbol.dispose]();
});

function newServers(shutdownGraceMs = 200): PluginServers {
  const logger = plugin.log.logger;
  const clock = new SystemClock();
  const observer = {
    rpcEnded: (method: string, code: number) => void counted.push(`${method} ${code}`),
    rpcFailed: (error: NiphasError) => void counted.push(error.code),
  };
  const rpc = new RpcRunner({ clock, logger, observer });
  const components = plugin.components();
  const init = plugin.publishInit();
  const publish = new PublishVolume(components, init);
  const unpublish = new UnpublishVolume(components, init);
  return new PluginServers(
    { clock, logger, rpc, readiness, publish, unpublish },
    { nodeId: "node-1", endpointPath: socket(), registrationDir: join(dir, "registration"), shutdownGraceMs },
  );
}

function socket(): string {
  return join(dir, "csi.sock");
}

function registrationSocket(): string {
  return join(dir, "registration/csi.niphas.io-reg.sock");
}

async function call(path: string, service: ServiceDefinition, method: string, request: object): Promise<Answer> {
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  clients.push(client);
  const definition = service[method];
  if (definition === undefined) throw new Error(`no method ${method}`);
  const { promise, resolve } = Promise.withResolvers<Answer>();
  client.makeUnaryRequest(
    definition.path,
    definition.requestSerialize,
    definition.responseDeserialize,
    request,
    (error, response) => resolve({ code: error?.code ?? 0, details: error?.details ?? "", response }),
  );
  return promise;
}

const csi = loadCsiProto();
const node = async (method: string, request: object): Promise<Answer> => call(socket(), csi.Node, method, request);
const identity = async (method: string): Promise<Answer> => call(socket(), csi.Identity, method, {});

it("says who it is, that it has no controller, and where it runs", async () => {
  await servers.start();
  expect((await identity("GetPluginInfo")).response).toMatchObject({ name: "csi.niphas.io", vendor_version: "0.1.0" });
  expect((await identity("GetPluginCapabilities")).response).toEqual({ capabilities: [] });
  expect((await node("NodeGetCapabilities", {})).response).toEqual({ capabilities: [] });
  expect((await node("NodeGetInfo", {})).response).toMatchObject({ node_id: "node-1" });
  expect((await node("NodeGetVolumeStats", {})).code).toBe(12);
});

it("is ready when every check passes", async () => {
  await servers.start();
  expect((await identity("Probe")).response).toEqual({ ready: { value: true } });
  readiness.add({
    name: "broken",
    failure: () => {
      throw new Error("no");
    },
  });
  expect((await identity("Probe")).response).toEqual({ ready: { value: false } });
  expect(readiness.failures()).toEqual([{ name: "broken", reason: "no" }]);
});

it("publishes and unpublishes over the socket", async () => {
  await servers.start();
  const request = plugin.request(1);
  expect(await node("NodePublishVolume", request)).toMatchObject({ code: 0 });
  expect(plugin.state(1)).toEqual(PUBLISHED);
  expect(await node("NodeUnpublishVolume", request)).toMatchObject({ code: 0 });
  expect(counted).toEqual(["NodePublishVolume 0", "NodeUnpublishVolume 0"]);
});

it("answers hostile requests with INVALID_ARGUMENT, without echo, without work", async () => {
  await servers.start();
  const hostile: readonly object[] = [
    {},
    { ...plugin.request(1), volume_id: `../../${CANARY}` },
    { ...plugin.request(1), volume_id: CANARY.repeat(1000) },
    { ...plugin.request(1), target_path: `/etc/${CANARY}` },
    { ...plugin.request(1), volume_capability: null },
    { ...plugin.request(1), volume_capability: { block: {} } },
    { ...plugin.request(1), volume_capability: { mount: { fs_type: CANARY } } },
    { ...plugin.request(1), volume_capability: { mount: { mount_flags: [CANARY] } } },
    { ...plugin.request(1), readonly: false },
    { ...plugin.request(1), volume_context: {} },
    { ...plugin.request(1), volume_context: { storePath: `--option ${CANARY}` } },
    { ...plugin.request(1), volume_context: { storePath: HELLO, "csi.storage.k8s.io/pod.namespace": `${CANARY}\n` } },
    {
      ...plugin.request(1),
      volume_context: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, "v"])),
    },
    { ...plugin.request(1), volume_context: { storePath: "x".repeat(500_000) } },
    { ...plugin.request(1), volume_context: JSON.parse(`{"__proto__":"x","constructor":"y","storePath":"${HELLO}"}`) },
  ];
  for (const request of hostile) {
    const answer = await node("NodePublishVolume", request);
    expect(answer.code, answer.details).toBe(3);
    expect(answer.details).not.toContain(CANARY);
    expect(answer.details.length).toBeLessThanOrEqual(300);
  }
  expect(plugin.nix.realiseCount).toBe(0);
  expect(plugin.gcRoots.owners()).toEqual([]);
});

it("refuses messages above 1 MiB and goes on serving", async () => {
  await servers.start();
  const huge = { ...plugin.request(1), volume_context: { storePath: "x".repeat(2 * 1024 * 1024) } };
  expect((await node("NodePublishVolume", huge)).code).toBe(8);
  expect((await identity("Probe")).code).toBe(0);
});

it("never logs secrets or tokens, at any level, whatever happens", async () => {
  await servers.start();
  const request = plugin.request(1, {
    volume_context: { storePath: HELLO, "csi.storage.k8s.io/serviceAccount.tokens": CANARY },
  });
  const withSecrets = { ...request, secrets: { [CANARY]: CANARY }, publish_context: { a: CANARY } };
  await node("NodePublishVolume", withSecrets);
  await node("NodePublishVolume", { ...withSecrets, readonly: false });
  await node("NodePublishVolume", { ...withSecrets, volume_context: { password: CANARY } });
  plugin.nix.trustError = new NiphasError("UntrustedPath", "no");
  await node("NodePublishVolume", withSecrets);
  expect(plugin.log.lines.length).toBeGreaterThan(3);
  expect(plugin.log.lines.join("")).not.toContain(CANARY);
});

it("logs one line for a failure, with code, kind and causes", async () => {
  await servers.start();
  plugin.nix.trustError = new NiphasError("UntrustedPath", "unsigned", { cause: new Error("inner") });
  await node("NodePublishVolume", plugin.request(1));
  const failures = plugin.log.records("unsigned");
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ code: "UntrustedPath", kind: "denied", causes: [{ message: "inner" }] });
  expect(counted).toEqual(["NodePublishVolume 7", "UntrustedPath"]);
});

it("hides what is inside a bug", async () => {
  await servers.start();
  plugin.views.buildError = new TypeError(CANARY);
  const answer = await node("NodePublishVolume", plugin.request(1));
  expect(answer.code).toBe(13);
  expect(answer.details).not.toContain(CANARY);
});

it("registers with the kubelet, and offers itself again after a refusal", async () => {
  await servers.start();
  const { Registration } = loadRegistrationProto();
  const info = await call(registrationSocket(), Registration, "GetInfo", {});
  expect(info.response).toEqual({
    type: "CSIPlugin",
    name: "csi.niphas.io",
    endpoint: socket(),
    supported_versions: ["1.0.0"],
  });
  const status = { plugin_registered: false, error: "no" };
  expect((await call(registrationSocket(), Registration, "NotifyRegistrationStatus", status)).code).toBe(0);
  expect(plugin.log.records().some((record) => record["reason"] === "no")).toBe(true);
});

it("listens again when a socket is removed, replaced, or its directory vanishes", async () => {
  await servers.start();
  const destroy = [
    () => rmSync(socket()),
    () => {
      rmSync(socket());
      writeFileSync(socket(), "not a socket");
    },
    () => rmSync(join(dir, "registration"), { recursive: true }),
  ];
  for (const each of destroy) {
    each();
    await expect.poll(() => existsSync(registrationSocket()) && lstatSync(socket()).isSocket()).toBe(true);
    expect((await identity("Probe")).code).toBe(0);
  }
  expect(lstatSync(socket()).mode & 0o777).toBe(0o600);
});

it("takes the place of a stale socket file but not of a living server", async () => {
  const living = createServer().listen(socket());
  await expect(servers.start()).rejects.toMatchObject({ code: "StateInUse" });
  living.close();
  writeFileSync(socket(), "");
  await servers.start();
  expect((await identity("Probe")).code).toBe(0);
});

it("says which socket cannot be made, and why", async () => {
  writeFileSync(join(dir, "registration"), "in the way");
  await expect(servers.start()).rejects.toMatchObject({
    code: "InvalidConfiguration",
    message: expect.stringContaining(`cannot listen on ${registrationSocket()} (E`),
  });
});

it("on stop waits for running calls within the grace time, then tells them to end, and removes its sockets", async () => {
  await servers.start();
  plugin.nix.removeValid(HELLO);
  const waiting = node("NodePublishVolume", plugin.request(1));
  await expect.poll(() => plugin.nix.pending.length).toBe(1);
  const stopped = servers.stop();
  const answer = await waiting;
  await stopped;
  expect(answer.code).toBe(14);
  expect(answer.details).toContain("shutting down");
  expect(existsSync(socket())).toBe(false);
  expect(readdirSync(join(dir, "registration"))).toEqual([]);
});
