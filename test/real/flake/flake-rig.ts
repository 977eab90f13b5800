import { chmodSync, cpSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nixEnvironment, runCommand, temporaryDirectory } from "@niphas/testing";

export const REPOSITORY = join(import.meta.dirname, "../../..");
export const NIXPKGS = join(import.meta.dirname, "nixpkgs");
export const FEATURES = ["--extra-experimental-features", "nix-command", "--extra-experimental-features", "flakes"];
const signal = new AbortController().signal;

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
export async function nix(directory: string, command: readonly string[], rest: readonly string[]): Promise<string> {
  const inputs = ["--override-input", "nixpkgs", `path:${NIXPKGS}`, "--no-write-lock-file"];
  const argv = ["nix", ...FEATURES, "--store", join(directory, "store"), ...command, ...inputs, ...rest];
  const { stdout } = await runCommand(argv, { env: nixEnvironment(directory), signal });
  return stdout;
}

/** Disposed with all that was evaluated. */
export function temporaryFlake() {
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

/** The configuration of a machine whose `services.niphas.mesh` is this. */
export async function meshConfig(options: string) {
  await using temporary = temporaryFlake();
  const pkgs = '{ stdenv.hostPlatform.system = "x86_64-linux"; }';
  const modules = `[ module { services.niphas.mesh = ${options}; } ]`;
  const config = `((import ${NIXPKGS}/lib.nix).evalModules { pkgs = ${pkgs}; modules = ${modules}; }).config`;
  const parts = `let config = ${config}; in builtins.intersectAttrs { nix = 1; systemd = 1; networking = 1; assertions = 1; } config`;
  const attribute = `path:${temporary.flake}#nixosModules.mesh`;
  const command = ["eval", "--impure", "--json"];
  return JSON.parse(await nix(temporary.directory, command, [attribute, "--apply", `module: ${parts}`]));
}
