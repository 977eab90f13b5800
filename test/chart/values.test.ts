import { needs } from "@niphas/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { renderObjects, template, type Values } from "./helm.ts";

// Helm is started anew for each test, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeEach((test) => needs(test, "NIPHAS_HELM"));

const rule = { name: "shop", namespace: ["shop"] };
const refused: readonly (readonly [string, Values, string])[] = [
  ["an unknown value", { kubletDir: "/x" }, "additional properties 'kubletDir' not allowed"],
  ["an unknown value inside", { plugin: { logLvl: "info" } }, "at '/plugin': additional properties 'logLvl'"],
  ["a relative directory", { kubeletDir: "var/lib/kubelet" }, "at '/kubeletDir'"],
  ["a directory that leads elsewhere", { stateDir: "/var/lib/../niphas" }, "at '/stateDir'"],
  ["a directory that composefs cannot use", { stateDir: "/mnt/a:b" }, "at '/stateDir'"],
  ["a kubelet directory too long for a socket", { kubeletDir: `/${"x".repeat(70)}` }, "at '/kubeletDir'"],
  ["no upstream", { upstreams: [] }, "at '/upstreams'"],
  ["an upstream that is no cache", { upstreams: ["ftp://cache.example.org"] }, "at '/upstreams/0'"],
  ["a password in an upstream", { upstreams: ["https://me:secret@cache.example.org"] }, "use netrcSecret"],
  ["a key without a name", { trustedPublicKeys: [`${"A".repeat(43)}=`] }, "at '/trustedPublicKeys/0'"],
  ["a short digest", { images: { node: { digest: "sha256:abc" } } }, "at '/images/node/digest'"],
  ["a repository that is none", { images: { node: { repository: "a b" } } }, "at '/images/node/repository'"],
  ["a tag in the repository", { images: { node: { repository: "niphas/node:1" } } }, "at '/images/node/repository'"],
  ["signatures switched off", { upstreams: ["https://cache.example.org?trusted=1"] }, "must not set trusted"],
  ["a Secret that cannot exist", { netrcSecret: "My_Secret" }, "at '/netrcSecret'"],
  ["a variable that is no text", { plugin: { extraEnv: [{ name: "a", value: 1 }] } }, "at '/plugin/extraEnv/0/value'"],
  ["a share above all", { plugin: { gc: { freeBytes: "101%" } } }, "at '/plugin/gc/freeBytes'"],
  ["a wait that outlives the call", { plugin: { publishWait: "2m" } }, "publishWait must be between 1s and 95s"],
  ["too short an interval", { plugin: { gc: { interval: "500ms" } } }, "gc.interval must be between 1s and 86400s"],
  ["nothing where something must be", { uninstall: { timeoutSeconds: null } }, "missing property 'timeoutSeconds'"],
  ["nothing where others are", { plugin: { gc: null } }, "missing property 'gc'"],
  ["a misspelt rule of the policy", { policy: { version: 1, rules: [rule] } }, "at '/policy/rules/0'"],
  ["a policy of another version", { policy: { version: 2, rules: [] } }, "at '/policy/version'"],
  ["a policy without rules", { policy: { version: 1 } }, "missing property 'rules'"],
  ["a unit that does not exist", { plugin: { gc: { interval: "5 minutes" } } }, "at '/plugin/gc/interval'"],
  ["an amount that is none", { plugin: { gc: { freeBytes: "lots" } } }, "at '/plugin/gc/freeBytes'"],
  ["a number that Helm could write as 1e+06", { plugin: { gc: { freeInodes: 1e6 } } }, "got number, want string"],
  ["a strategy that does not exist", { plugin: { view: "bind" } }, "at '/plugin/view'"],
  ["an update of no node at a time", { plugin: { maxUnavailable: 0 } }, "at '/plugin/maxUnavailable'"],
  ["a port that is none", { networkPolicies: { apiServerPorts: [70_000] } }, "at '/networkPolicies/apiServerPorts/0'"],
  ["a port of the mesh that the pod uses itself", { mesh: { port: 9812 } }, "at '/mesh/port'"],
  ["a port of the mesh that takes a capability", { mesh: { port: 80 } }, "at '/mesh/port'"],
  ["a state directory below the kubelet's", { stateDir: "/var/lib/kubelet/niphas" }, "must not lie inside each other"],
];

describe("the chart refuses", () => {
  it.each(refused)("%s", async (_what, values, message) => {
    const { exitCode, stderr } = await template(values);
    expect(stderr).toContain(message);
    expect(exitCode).not.toBe(0);
  });
});

describe("the chart", () => {
  it("never repeats a password that it refuses", async () => {
    const { stderr } = await template({ upstreams: ["https://me:secret@cache.example.org"] });
    expect(stderr).not.toContain("secret@");
  });

  it("can be part of another chart", async () => {
    await expect(renderObjects({ global: { any: "thing" } })).resolves.not.toHaveLength(0);
  });

  it("runs no controller when there is no startup taint to remove", async () => {
    const objects = await renderObjects({ startupTaint: { enabled: false } });
    const controllers = objects.filter(({ metadata }) => metadata.name === "niphas-controller");
    expect(controllers).toEqual([]);
  });
});
