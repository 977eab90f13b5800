import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { needs, nixEnvironment, runCommand, temporaryDirectory } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";

const REPOSITORY = join(import.meta.dirname, "../../..");
const NIXPKGS = join(import.meta.dirname, "nixpkgs");
const SYSTEMS = ["aarch64-linux", "x86_64-linux"];
const FEATURES = ["--extra-experimental-features", "nix-command", "--extra-experimental-features", "flakes"];
const signal = new AbortController().signal;

beforeEach((test) => needs(test, "nix"));

/** The flake by itself: the rest of the repository is large and plays no part. */
function copyFlake(directory: string): string {
  const copy = join(directory, "flake");
  for (const name of ["flake.nix", "nix", "package.json", "package-lock.json"]) {
    cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
  }
  for (const name of ["packages", "proto", "scripts/bundle"]) mkdirSync(join(copy, name), { recursive: true });
  writeFileSync(join(copy, "scripts/bundle.ts"), "");
  return copy;
}

/** Evaluates in a store of its own, with a small stand-in for nixpkgs. */
async function nix(directory: string, command: readonly string[], rest: readonly string[]): Promise<string> {
  const inputs = ["--override-input", "nixpkgs", `path:${NIXPKGS}`, "--no-write-lock-file"];
  const argv = ["nix", ...FEATURES, "--store", join(directory, "store"), ...command, ...inputs, ...rest];
  const { stdout } = await runCommand(argv, { env: nixEnvironment(directory), signal });
  return stdout;
}

function temporaryFlake() {
  const directory = temporaryDirectory("flake");
  return {
    directory: directory.path,
    flake: copyFlake(directory.path),
    // Store paths are read-only.
    [Symbol.asyncDispose]: async () => {
      for (const path of globSync("store/nix/store/**/", { cwd: directory.path }))
        chmodSync(join(directory.path, path), 0o755);
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe("the flake", () => {
  it("offers the package, a shell, NixOS modules and checks, for both systems", async () => {
    await using temporary = temporaryFlake();
    const shown = JSON.parse(await nix(temporary.directory, ["flake", "show", "--json"], [`path:${temporary.flake}`]));
    expect(Object.keys(shown).sort()).toEqual(["checks", "devShells", "nixosModules", "packages"]);
    expect(Object.keys(shown.nixosModules).sort()).toEqual(["default", "mesh", "node"]);
    for (const system of SYSTEMS) {
      expect(Object.keys(shown.packages[system]).sort()).toEqual(["default", "niphas"]);
      expect(Object.keys(shown.checks[system]).sort()).toEqual(["modules", "niphas"]);
      expect(Object.keys(shown.devShells[system])).toEqual(["default"]);
    }
  });

  it("makes the package from what the lockfile names for the system, without tools that play no part", async () => {
    await using temporary = temporaryFlake();
    for (const [system, cpu, otherCpu] of [
      ["x86_64-linux", "x64", "arm64"] as const,
      ["aarch64-linux", "arm64", "x64"] as const,
    ]) {
      const attribute = `path:${temporary.flake}#packages.${system}.niphas.given`;
      const parts = "p: { inherit (p) version configurePhase installPhase; }";
      const given = JSON.parse(await nix(temporary.directory, ["eval", "--json"], [attribute, "--apply", parts]));
      expect(given.version).toMatch(/^\d+\.\d+\.\d+$/);
      const paths = [...given.configurePhase.matchAll(/unpackModule (\S+) \/nix\/store/g)].map(([, path]) => path);
      const native = [`node_modules/@esbuild/linux-${cpu}`, `node_modules/@koromix/koffi-linux-${cpu}`];
      expect(paths).toEqual(expect.arrayContaining(["node_modules/esbuild", "node_modules/koffi", ...native]));
      expect(paths).not.toContain("node_modules/typescript");
      expect(paths.join("\n")).not.toMatch(new RegExp(`linux-${otherCpu}|node-linux|darwin|musl`));
      expect(given.installPhase).toMatch(
        /--prefix PATH : \S+-nix\/bin:\S+-composefs\/bin:\S+-util-linux\/bin:\S+-xz\/bin\n/,
      );
    }
  });

  it("has each npm package checked against the lockfile's digest", async () => {
    await using temporary = temporaryFlake();
    const pkgs = `(builtins.getFlake "path:${NIXPKGS}").legacyPackages.x86_64-linux`;
    const modules = `(${pkgs}.callPackage ${temporary.flake}/nix/npm-modules.nix { })`;
    const given = `map ({ path, tarball }: { inherit path; inherit (tarball.given) outputHash script; })`;
    const lock = JSON.parse(readFileSync(join(REPOSITORY, "package-lock.json"), "utf8"));
    const input = `packageLock = builtins.fromJSON (builtins.readFile ${REPOSITORY}/package-lock.json); isBuildTool = _: false;`;
    const argv = ["nix", ...FEATURES, "--store", join(temporary.directory, "store"), "eval", "--impure", "--json"];
    const { stdout } = await runCommand([...argv, "--expr", `${given} (${modules} { ${input} })`], {
      env: nixEnvironment(temporary.directory),
      signal,
    });
    for (const { path, outputHash, script } of JSON.parse(stdout)) {
      expect(outputHash, path).toBe(lock.packages[path].integrity);
      expect(script, path).toContain(`@${lock.packages[path].version}\n`);
    }
  });

  it.each([
    ["6.18.4", ["erofs", "overlay"], 0],
    ["6.6.1", ["erofs", "overlay", "loop"], 0],
    ["6.1.2", ["erofs", "overlay", "loop"], 1],
  ])("has a module that loads what Linux %s needs for composefs views", async (kernel, modules, warnings) => {
    await using temporary = temporaryFlake();
    const machine = `{ services.niphas.node = { enable = true; stateDir = "/srv/niphas"; }; boot.kernelPackages.kernel.version = "${kernel}"; }`;
    const evaluate = `module: (module { lib = import ${NIXPKGS}/lib.nix; config = ${machine}; }).config`;
    const attribute = `path:${temporary.flake}#nixosModules.node`;
    const config = JSON.parse(
      await nix(temporary.directory, ["eval", "--impure", "--json"], [attribute, "--apply", evaluate]),
    );
    expect(config.boot.kernelModules).toEqual(modules);
    expect(config.systemd.tmpfiles.rules).toEqual(["d /srv/niphas 0700 root root -"]);
    expect(config.warnings).toHaveLength(warnings);
  });
});

describe("the NixOS module of the mesh", () => {
  it("tells the daemon what the options say, and Nix to ask it first", async () => {
    const config = await meshConfig(`{
      enable = true;
      members = "dns:mesh.example.org";
      groupSecretFile = "/etc/niphas/mesh-secret";
      netrcFile = "/etc/niphas/netrc";
      listenAddress = "10.0.0.7";
      port = 7000;
      openFirewall = true;
      upstreams = [ "https://a.example.org/x%20y" "https://b.example.org" ];
      settings.NIPHAS_MESH_UPLOAD_SLOTS = "4";
    }`);
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

  it("changes nothing until it is enabled", async () => {
    const config = await meshConfig('{ members = "dns:mesh.example.org"; }');
    expect(config.systemd).toBeUndefined();
    expect(config.nix.settings.substituters).toEqual(["https://cache.nixos.org/"]);
  });
});

/** The configuration of a machine whose `services.niphas.mesh` is this. */
async function meshConfig(options: string) {
  await using temporary = temporaryFlake();
  const pkgs = '{ stdenv.hostPlatform.system = "x86_64-linux"; }';
  const modules = `[ module { services.niphas.mesh = ${options}; } ]`;
  const config = `((import ${NIXPKGS}/lib.nix).evalModules { pkgs = ${pkgs}; modules = ${modules}; }).config`;
  const parts = `let config = ${config}; in builtins.intersectAttrs { nix = 1; systemd = 1; networking = 1; } config`;
  const attribute = `path:${temporary.flake}#nixosModules.mesh`;
  const command = ["eval", "--impure", "--json"];
  return JSON.parse(await nix(temporary.directory, command, [attribute, "--apply", `module: ${parts}`]));
}

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
