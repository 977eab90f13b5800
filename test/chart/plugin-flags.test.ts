import { csiCommand, parseCsiOptions, parsePolicyRules } from "@niphas/csi";
import { needs } from "@niphas/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { containersOf } from "./containers.ts";
import { renderObjects, type Values } from "./helm.ts";
import { VARIANTS } from "./variants.ts";

// Helm is started anew for each test, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeEach((test) => needs(test, "NIPHAS_HELM"));

describe("the plugin's arguments", () => {
  it.each(Object.entries(VARIANTS))("are understood by niphas csi, with the values %s", async (_name, values) => {
    expect(() => optionsOf(["--node-id=node-1"])).not.toThrow();
    expect(optionsOf(await pluginArgs(values))).toMatchObject({ nodeId: "node-1" });
  });

  it("say what the values say", async () => {
    expect(optionsOf(await pluginArgs(VARIANTS["full"] ?? {}))).toMatchObject({
      substituters: ["https://cache.example.org", "s3://cache?region=eu-central-1", "https://cache.nixos.org"],
      trustedKeys: [{ name: "cache.example.org-1" }],
      netrcFile: "/etc/niphas/netrc/netrc",
      policyFile: "/etc/niphas/policy/policy.json",
      metricsListen: { host: "", port: 9809 },
      gcFreeBytes: { amount: 10 * 2 ** 30 },
      gcFreeInodes: { amount: 500_000 },
      gcIntervalMs: 60_000,
      janitorIntervalMs: 30_000,
      publishWaitMs: 30_000,
      shutdownGraceMs: 60_000,
      view: "tree",
      logLevel: "debug",
    });
  });

  it("name the directories that are mounted, at the same paths as on the node", async () => {
    const values = VARIANTS["paths"] ?? {};
    const [plugin] = containersOf(await renderObjects(values), "DaemonSet");
    const { kubeletDir, stateDir } = optionsOf(await pluginArgs(values));
    expect([kubeletDir, stateDir]).toEqual(["/var/lib/k0s/kubelet", "/mnt/disk/niphas"]);
    for (const path of [kubeletDir, stateDir]) {
      const mount = plugin?.container.volumeMounts?.find(({ mountPath }) => mountPath === path);
      expect(mount).toMatchObject({ mountPropagation: "Bidirectional" });
      const volume = plugin?.pod.volumes?.find(({ name }) => name === mount?.name);
      expect(volume).toMatchObject({ hostPath: { path } });
    }
  });
});

it("the policy is one that the plugin understands, where it looks for it", async () => {
  const objects = await renderObjects(VARIANTS["full"]);
  const configMap = objects.find(({ kind }) => kind === "ConfigMap");
  const text = String(Object(configMap?.["data"])["policy.json"]);
  expect(parsePolicyRules(text)).toMatchObject([{ name: "shop", namespaces: ["shop", "shop-*"] }]);
  const [plugin] = containersOf(objects, "DaemonSet");
  const mount = plugin?.container.volumeMounts?.find(({ mountPath }) => mountPath === "/etc/niphas/policy");
  const volume = plugin?.pod.volumes?.find(({ name }) => name === mount?.name);
  expect(volume).toMatchObject({ configMap: { name: configMap?.metadata.name } });
});

async function pluginArgs(values: Values): Promise<readonly string[]> {
  const [plugin] = containersOf(await renderObjects(values), "DaemonSet");
  const [command, ...args] = plugin?.container.args ?? [];
  expect(command).toBe("csi");
  return [...args, "--node-id=node-1"];
}

/** As the command itself reads them, without running it. */
function optionsOf(args: readonly string[]) {
  const command = csiCommand().exitOverride();
  command.parseOptions([...args]);
  return parseCsiOptions(command.opts());
}
