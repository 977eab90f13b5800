import { readFileSync } from "node:fs";
import { join } from "node:path";
import { needs, nixEnvironment, runCommand } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { FEATURES, NIXPKGS, nix, REPOSITORY, temporaryFlake } from "./flake-rig.ts";

const SYSTEMS = ["aarch64-linux", "x86_64-linux"];
const signal = new AbortController().signal;

beforeEach((test) => needs(test, "nix"));

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
