import { meshCommand, parseMeshOptions } from "@niphas/mesh";
import { needs } from "@niphas/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { containersOf } from "./containers.ts";
import { renderObjects, type Values } from "./helm.ts";
import { VARIANTS } from "./variants.ts";

// Helm is started anew for each test, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeEach((test) => needs(test, "NIPHAS_HELM"));

describe("the mesh's arguments", () => {
  it.each(Object.entries(VARIANTS))("are understood by niphas mesh, with the values %s", async (_name, values) => {
    expect((await optionsOf(values)).members).toEqual({ kind: "kubernetes" });
  });

  it("say what the values say", async () => {
    expect(await optionsOf(VARIANTS["mesh"] ?? {})).toMatchObject({
      listen: { host: "0.0.0.0", port: 7000 },
      substituter: { host: "127.0.0.1", port: 9812 },
      storeRootDir: "/var/lib/niphas/store",
      upstreams: ["https://cache.example.org"],
      netrcFile: "/etc/niphas/netrc/netrc",
      groupSecretFile: "/etc/niphas/mesh/secret",
      stateDir: "/var/lib/niphas-mesh",
      metricsListen: { host: "", port: 9813 },
      logLevel: "info",
      cluster: { nodeName: "node-1", namespace: "niphas-system", host: "10.0.0.7" },
    });
  });
});

/** Stand for what the kubelet puts in place of fields of the pod. */
const FIELDS: Readonly<Record<string, string>> = {
  NIPHAS_MESH_NODE_NAME: "node-1",
  NIPHAS_MESH_NAMESPACE: "niphas-system",
  NIPHAS_MESH_ADVERTISE: "10.0.0.7",
};

/** As the command itself reads them, without running it. */
async function optionsOf(values: Values) {
  const objects = await renderObjects({ ...values, mesh: { ...Object(values["mesh"]), enabled: true } });
  const found = containersOf(objects, "DaemonSet").find(({ container }) => container.name === "mesh");
  const [name, ...args] = found?.container.args ?? [];
  expect(name).toBe("mesh");
  for (const { name: variable } of found?.container.env ?? []) vi.stubEnv(variable, FIELDS[variable] ?? "");
  const command = meshCommand({ signal: AbortSignal.abort(), write: () => undefined }).exitOverride();
  await command.action(() => undefined).parseAsync([...args], { from: "user" });
  vi.unstubAllEnvs();
  return parseMeshOptions(command.opts());
}
