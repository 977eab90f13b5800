import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RawMeshOptions } from "./flags.ts";
import { parseMeshOptions, readGroupSecret } from "./options.ts";

const PEER = "12D3KooWHTsSxeDwEXkttdQrux52hGMf5jsG3CgXAJep8AVCjv4n";
const MINIMAL: RawMeshOptions = { members: `static:${PEER}@10.0.0.1:9811` };
const IN_CLUSTER: RawMeshOptions = {
  members: "kubernetes",
  nodeName: "node-1",
  namespace: "niphas-system",
  advertise: "10.0.0.7",
};

describe("the options of niphas mesh", () => {
  it("have defaults for all but the members", () => {
    expect(parseMeshOptions(MINIMAL)).toMatchObject({
      listen: { host: "0.0.0.0", port: 9811 },
      substituter: { host: "127.0.0.1", port: 9812 },
      storeRootDir: "/var/lib/niphas/store",
      upstreams: ["https://cache.nixos.org"],
      trustedKeys: [{ name: "cache.nixos.org-1" }],
      netrcFile: undefined,
      members: { kind: "static", members: [{ peerId: PEER, host: "10.0.0.1", port: 9811 }] },
      groupSecretFile: undefined,
      stateDir: "/var/lib/niphas-mesh",
      metricsListen: { host: "127.0.0.1", port: 9813 },
      logLevel: "info",
      uploadSlots: 8,
      spoolBytes: 4 * 2 ** 30,
      shutdownGraceMs: 10_000,
      cluster: undefined,
    });
    expect(() => parseMeshOptions({})).toThrow("--members (NIPHAS_MESH_MEMBERS): is missing");
  });

  it("need a group secret with members by DNS", () => {
    const missing = "--group-secret-file (NIPHAS_MESH_GROUP_SECRET_FILE): is missing";
    expect(() => parseMeshOptions({ ...MINIMAL, members: "dns:mesh" })).toThrow(missing);
    const raw = { ...MINIMAL, members: "dns:mesh", groupSecretFile: "/run/secret" };
    expect(parseMeshOptions(raw).groupSecretFile).toBe("/run/secret");
  });

  it("take any port, any store, no metrics and no default key", () => {
    const raw = { ...MINIMAL, listen: "[::1]:0", store: "/", metricsListen: "off", defaultKey: false };
    expect(parseMeshOptions(raw)).toMatchObject({
      listen: { host: "::1", port: 0 },
      storeRootDir: "/",
      metricsListen: undefined,
      trustedKeys: [],
    });
  });

  it("listen on all addresses of the family in which others reach us", () => {
    expect(parseMeshOptions({ ...IN_CLUSTER, listen: ":7" }).listen).toEqual({ host: "0.0.0.0", port: 7 });
    expect(parseMeshOptions({ ...IN_CLUSTER, advertise: "fd00::7" }).listen.host).toBe("::");
  });

  it("need to know where they are in a cluster, and only there", () => {
    expect(parseMeshOptions(IN_CLUSTER).cluster).toEqual({
      nodeName: "node-1",
      namespace: "niphas-system",
      host: "10.0.0.7",
      kubeconfigFile: undefined,
    });
    for (const name of ["nodeName", "namespace", "advertise"] as const) {
      const { [name]: _left, ...rest } = IN_CLUSTER;
      expect(() => parseMeshOptions(rest)).toThrow("is missing");
    }
    expect(parseMeshOptions({ ...MINIMAL, nodeName: "node-1" }).cluster).toBeUndefined();
  });

  it.each<[keyof RawMeshOptions & string, string]>([
    ["listen", "off"],
    ["listen", "9811"],
    ["substituter", "off"],
    ["store", "relative"],
    ["upstream", "ssh-ng://machine"],
    ["upstream", "https://user:password@cache.example.org"],
    ["trustedPublicKey", "no-key"],
    ["netrcFile", "relative"],
    ["members", "everybody"],
    ["stateDir", "/"],
    ["metricsListen", "somewhere"],
    ["logLevel", "loud"],
    ["uploadSlots", "0"],
    ["uploadSlots", "257"],
    ["spoolBytes", "20%"],
    ["spoolBytes", "much"],
    ["shutdownGrace", "10"],
    ["advertise", "127.0.0.1"],
    ["advertise", "node-1.example.org"],
  ])("refuse --%s %s, naming the flag and its variable, and never a password", (name, text) => {
    const parse = (): unknown => parseMeshOptions({ ...MINIMAL, [name]: text });
    expect(parse).toThrow(expect.objectContaining({ code: "InvalidConfiguration" }));
    expect(parse).toThrow(/^--[a-z-]+ \(NIPHAS_MESH_[A-Z_]+\): (?!.*password@)/);
  });
});

describe("the group's secret", () => {
  it("is the file's bytes as they are, and has at least 32 of them", () => {
    const directory = mkdtempSync(join(tmpdir(), "niphas-secret-"));
    try {
      const file = join(directory, "secret");
      writeFileSync(file, `${"s".repeat(31)}\n`);
      expect(Buffer.from(readGroupSecret(file)).toString()).toBe(`${"s".repeat(31)}\n`);
      writeFileSync(file, "short");
      expect(() => readGroupSecret(file)).toThrow("holds less than 32 bytes");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
