import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { needs, runCommand, temporaryDirectory } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { meshConfig, REPOSITORY } from "./flake-rig.ts";

const OPTIONS = `{
  enable = true;
  members = "dns:mesh.example.org";
  groupSecretFile = "/etc/niphas/mesh-secret";
  netrcFile = "/etc/niphas/netrc";
  listenAddress = "10.0.0.7";
  port = 7000;
  openFirewall = true;
  upstreams = [ "https://a.example.org/x%20y" "https://b.example.org" ];
  settings.NIPHAS_MESH_UPLOAD_SLOTS = "4";
}`;
/** What those leave as it is. */
const OTHER_OPTIONS = `{
  enable = true;
  members = "static:12D3KooW@beta:9811";
  package = { type = "derivation"; name = "other"; outPath = "/nix/store/00000000000000000000000000000000-other"; };
  substituterPort = 7001;
  metricsListen = "off";
  trustedPublicKeys = [ "a-1:AAAA" "b-1:BBBB" ];
}`;

beforeEach((test) => needs(test, "nix"));

describe("the NixOS module of the mesh", () => {
  it("tells the daemon what the options say, and Nix to ask it first", async () => {
    const config = await meshConfig(OPTIONS);
    const { environment, serviceConfig } = config.systemd.services["niphas-mesh"];
    expect(environment).toEqual({
      NIPHAS_MESH_STORE: "/",
      NIPHAS_MESH_STATE_DIR: "/var/lib/niphas-mesh",
      NIPHAS_MESH_MEMBERS: "dns:mesh.example.org",
      NIPHAS_MESH_GROUP_SECRET_FILE: "%d/group-secret",
      NIPHAS_MESH_NETRC_FILE: "%d/netrc",
      NIPHAS_MESH_LISTEN: "10.0.0.7:7000",
      NIPHAS_MESH_SUBSTITUTER: "127.0.0.1:9812",
      NIPHAS_MESH_METRICS_LISTEN: "127.0.0.1:9813",
      NIPHAS_MESH_UPSTREAM: "https://a.example.org/x%%20y https://b.example.org",
      NIPHAS_MESH_TRUSTED_PUBLIC_KEY: expect.stringMatching(/^cache\.nixos\.org-1:/),
      NIPHAS_MESH_NO_DEFAULT_KEY: "1",
      NIPHAS_MESH_UPLOAD_SLOTS: "4",
    });
    expect(serviceConfig.ExecStart).toMatch(/^\/nix\/store\/\S+-niphas\/bin\/niphas mesh$/);
    const credentials = ["group-secret:/etc/niphas/mesh-secret", "netrc:/etc/niphas/netrc"];
    expect(serviceConfig.LoadCredential).toEqual(credentials);
    expect(config.networking.firewall.allowedTCPPorts).toEqual([7000]);
    expect(config.nix.settings.substituters).toEqual(["http://127.0.0.1:9812", "https://cache.nixos.org/"]);
  });

  it("takes what each of its other options says", async () => {
    const config = await meshConfig(OTHER_OPTIONS);
    const { environment, serviceConfig } = config.systemd.services["niphas-mesh"];
    expect(environment).toMatchObject({
      NIPHAS_MESH_LISTEN: ":9811",
      NIPHAS_MESH_SUBSTITUTER: "127.0.0.1:7001",
      NIPHAS_MESH_METRICS_LISTEN: "off",
      NIPHAS_MESH_UPSTREAM: "https://cache.nixos.org",
      NIPHAS_MESH_TRUSTED_PUBLIC_KEY: "a-1:AAAA b-1:BBBB",
    });
    expect(environment).not.toHaveProperty("NIPHAS_MESH_GROUP_SECRET_FILE");
    expect(environment).not.toHaveProperty("NIPHAS_MESH_NETRC_FILE");
    expect(serviceConfig.ExecStart).toMatch(/-other\/bin\/other mesh$/);
    expect(config.networking.firewall.allowedTCPPorts).toEqual([]);
    expect(config.nix.settings.substituters[0]).toBe("http://127.0.0.1:7001");
  });

  it("has no option that is not tried here", () => {
    const module = readFileSync(join(REPOSITORY, "nix/mesh-module.nix"), "utf8");
    const options = [...module.matchAll(/^ {4}(\w+) = mkOption/gm)].map(([, name = ""]) => name);
    expect(options.length).toBeGreaterThan(10);
    expect(options.filter((name) => !new RegExp(`\\b${name}\\b[ .=]`).test(OPTIONS + OTHER_OPTIONS))).toEqual([]);
  });

  it("gives the daemon names that it knows", async () => {
    const { environment } = (await meshConfig(OPTIONS)).systemd.services["niphas-mesh"];
    const documented = readFileSync(join(REPOSITORY, "docs/interfaces.md"), "utf8");
    expect(Object.keys(environment).filter((name) => !documented.includes(`\`${name}\``))).toEqual([]);
  });

  it("makes a unit in which systemd finds nothing that it does not know", async (test) => {
    if (!isOnPath("systemd-analyze")) test.skip("it needs systemd-analyze on PATH: apt-get install systemd");
    await using directory = temporaryDirectory("mesh-unit");
    const file = directory.join("niphas-mesh.service");
    const unit = unitText(await serviceOf(OPTIONS));
    expect(await complaints(file, unit)).toEqual([]);
    expect(await complaints(file, unit.replace("ProtectClock", "ProtectClok"))).toHaveLength(1);
  });

  it("does for Nix and for systemd what the files do that other distributions take", async () => {
    const config = await meshConfig('{ enable = true; members = "dns:mesh.example.org"; }');
    const { serviceConfig } = config.systemd.services["niphas-mesh"];
    const { ExecStart: _program, LoadCredential: _secrets, ...kept } = serviceConfig;
    const unit = settingsOf(exampleOf("niphas-mesh.service"));
    for (const [name, value] of Object.entries(kept)) expect([name, unit.get(name)]).toEqual([name, asText(value)]);
    const nixConf = settingsOf(exampleOf("nix.conf"));
    const { substituters: _caches, "trusted-public-keys": _keys, ...settings } = config.nix.settings;
    for (const [name, value] of Object.entries(settings))
      expect([name, nixConf.get(name)]).toEqual([name, asText(value)]);
  });

  it.each([
    ["no members", "{ enable = true; }", "services.niphas.mesh.members is not set"],
    ["an option that there is not", '{ enable = true; members = ""; prot = 1; }', "there is no option"],
    [
      "a secret that would go to the store",
      '{ enable = true; members = ""; groupSecretFile = /etc/hosts; }',
      "is not of type",
    ],
  ])("refuses %s", async (_what, options, sentence) => {
    await expect(meshConfig(options)).rejects.toThrow(sentence);
  });

  it.each([
    ["is all that members by DNS need", "dns:mesh.example.org", '"/secret"', true],
    ["has to be there for members by DNS", "dns:mesh.example.org", "null", false],
    ["is not needed for members that are listed", "static:12D3KooW@beta:9811", "null", true],
  ])("tells at evaluation that a group secret %s", async (_what, members, secret, isFine) => {
    const config = await meshConfig(`{ enable = true; members = "${members}"; groupSecretFile = ${secret}; }`);
    const failed = config.assertions.filter(({ assertion }: { readonly assertion: boolean }) => !assertion);
    expect(failed).toHaveLength(isFine ? 0 : 1);
  });

  it("changes nothing until it is enabled", async () => {
    const config = await meshConfig('{ members = "dns:mesh.example.org"; }');
    expect(config.systemd).toBeUndefined();
    expect(config.nix.settings.substituters).toEqual(["https://cache.nixos.org/"]);
  });
});

function exampleOf(file: string): string {
  return readFileSync(join(REPOSITORY, "examples/mesh", file), "utf8");
}

/** Of a unit, or of nix.conf. */
function settingsOf(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(/^([\w-]+) ?= ?(.*)$/gm)) {
    const before = settings.get(name);
    settings.set(name, before === undefined ? value : `${before} ${value}`);
  }
  return settings;
}

function asText(value: unknown): string {
  return Array.isArray(value) ? value.join(" ") : String(value);
}

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly serviceConfig: Readonly<Record<string, unknown>>;
  readonly wants: readonly string[];
  readonly after: readonly string[];
}

async function serviceOf(options: string): Promise<Service> {
  return (await meshConfig(options)).systemd.services["niphas-mesh"];
}

/** As NixOS writes it, but for the program, which is not here. */
function unitText({ environment, serviceConfig, wants, after }: Service): string {
  const lines = (settings: object): string[] =>
    Object.entries(settings).flatMap(([name, value]) => [value].flat().map((each) => `${name}=${each}`));
  const variables = Object.entries(environment).map(([name, value]) => `Environment="${name}=${value}"`);
  const service = lines({ ...serviceConfig, ExecStart: "/bin/true mesh" });
  return ["[Unit]", ...lines({ Wants: wants, After: after }), "[Service]", ...variables, ...service, ""].join("\n");
}

/** What systemd has to say about a unit. */
async function complaints(file: string, unit: string): Promise<readonly string[]> {
  writeFileSync(file, unit);
  const { stderr } = await runCommand(["systemd-analyze", "verify", "--man=no", file], { allowFailure: true });
  return stderr.split("\n").filter((line) => line.includes(basename(file)));
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => existsSync(join(directory, program)));
}
