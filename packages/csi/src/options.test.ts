import { CACHE_NIXOS_ORG_KEY, parseDurationMs, parseListenAddress } from "@niphas/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { envName, FLAGS, type FlagName, type RawCsiOptions } from "./flags.ts";
import { parseUnixEndpoint } from "./option-values.ts";
import { parseCsiOptions } from "./options.ts";

const KEY = "test-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

it("options need nothing but the node's name", () => {
  expect(parseCsiOptions({ nodeId: "node-1" })).toMatchObject({
    endpointPath: "/var/lib/kubelet/plugins/csi.niphas.io/csi.sock",
    registrationDir: "/var/lib/kubelet/plugins_registry",
    stateDir: "/var/lib/niphas",
    substituters: ["https://cache.nixos.org"],
    trustedKeys: [{ text: CACHE_NIXOS_ORG_KEY }],
    metricsListen: { host: "127.0.0.1", port: 9809 },
    gcFreeBytes: { ratio: 0.2 },
    gcFreeInodes: { ratio: 0.2 },
    gcIntervalMs: 300_000,
    janitorIntervalMs: 60_000,
    publishWaitMs: 90_000,
    shutdownGraceMs: 20_000,
    view: "auto",
    logLevel: "info",
  });
});

it("options follow --kubelet-dir where the kubelet looks", () => {
  expect(parseCsiOptions({ nodeId: "n", kubeletDir: "/data/kubelet/" })).toMatchObject({
    endpointPath: "/data/kubelet/plugins/csi.niphas.io/csi.sock",
    registrationDir: "/data/kubelet/plugins_registry",
  });
});

it("options always trust cache.nixos.org's key, unless told not to", () => {
  const names = (raw: RawCsiOptions) => parseCsiOptions({ nodeId: "n", ...raw }).trustedKeys.map(({ name }) => name);
  expect(names({ trustedPublicKey: [KEY, KEY] })).toEqual(["test-1", "cache.nixos.org-1"]);
  expect(names({ trustedPublicKey: [KEY], defaultKey: false })).toEqual(["test-1"]);
});

const wrong: readonly [FlagName, string][] = [
  ["nodeId", "Node 1"],
  ["endpoint", "tcp://127.0.0.1:1"],
  ["endpoint", "unix://relative"],
  ["registrationDir", "relative"],
  ["stateDir", "/"],
  ["kubeletDir", ""],
  ["substituter", "not a url"],
  ["substituter", "https://cache.example.org?trusted=1"],
  ["substituter", "https://user:secret@cache.example.org"],
  ["substituter", "daemon"],
  ["mesh", "http://mesh.example.org:8080"],
  ["mesh", "http://127.0.0.1"],
  ["mesh", "https://127.0.0.1:8080"],
  ["mesh", "http://127.0.0.1:8080/x"],
  ["mesh", "http://user@127.0.0.1:8080"],
  ["trustedPublicKey", "test-1:short"],
  ["metricsListen", "9809"],
  ["metricsListen", "host:99999"],
  ["gcFreeBytes", "120%"],
  ["gcFreeBytes", "-1"],
  ["gcFreeInodes", "many"],
  ["gcInterval", "5"],
  ["gcInterval", "0s"],
  ["publishWait", "10m"],
  ["view", "bind"],
  ["logLevel", "loud"],
];
for (const [name, text] of wrong) {
  it(`options refuse ${FLAGS[name].flag} ${JSON.stringify(text)}, naming the flag and its variable`, () => {
    const raw = { nodeId: "n", [name]: text };
    expect(() => parseCsiOptions(raw)).toThrow(expect.objectContaining({ code: "InvalidConfiguration" }));
    expect(() => parseCsiOptions(raw)).toThrow(`${FLAGS[name].flag} (${envName(name)}): `);
  });
}

it("options say that the node's name is missing", () => {
  expect(() => parseCsiOptions({})).toThrow("--node-id (NIPHAS_CSI_NODE_ID): is missing");
});

it("options read where the mesh is, if there is one", () => {
  expect(parseCsiOptions({ nodeId: "n" }).mesh).toBeUndefined();
  const meshOf = (mesh: string) => parseCsiOptions({ nodeId: "n", mesh }).mesh;
  expect([meshOf("http://127.0.0.1:8080/"), meshOf("http://[::1]:1")]).toEqual([
    "http://127.0.0.1:8080",
    "http://[::1]:1",
  ]);
});

it("options read amounts as percent or bytes, addresses with IPv6, and off", () => {
  const raw = {
    nodeId: "n",
    gcFreeBytes: "10Gi",
    gcFreeInodes: "12.5%",
    registrationDir: "off",
    metricsListen: "off",
  };
  expect(parseCsiOptions(raw)).toMatchObject({
    gcFreeBytes: { amount: 10 * 2 ** 30 },
    gcFreeInodes: { ratio: 0.125 },
    registrationDir: undefined,
    metricsListen: undefined,
  });
  expect(parseListenAddress("[::1]:0")).toEqual({ host: "::1", port: 0 });
  expect(parseListenAddress(":9809")).toEqual({ host: "", port: 9809 });
  expect(parseUnixEndpoint("unix:/run/csi.sock")).toBe("/run/csi.sock");
});

it("options parse any text to a value or InvalidConfiguration", () => {
  const parsers = [
    parseListenAddress,
    parseUnixEndpoint,
    (text: string) => parseDurationMs(text, { minMs: 0, maxMs: 1e9 }),
    (text: string) => parseCsiOptions({ nodeId: text, substituter: [text], gcFreeBytes: text }),
  ];
  fc.assert(
    fc.property(fc.constantFrom(...parsers), fc.string(), (parse, text) => {
      try {
        parse(text);
      } catch (error) {
        expect(error).toMatchObject({ code: "InvalidConfiguration" });
      }
    }),
  );
});
