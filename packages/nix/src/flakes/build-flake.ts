import { NiphasError, type StorePath } from "@niphas/core";
import type { NixRunner } from "../process/nix-runner.ts";
import { parseFlakeReference } from "./flake-reference.ts";
import { asObject, parseBuildOutput, parseJson } from "./nix-json.ts";
import { type NixCommandOptions, runNix } from "./run-nix.ts";

export interface BuildFlakeOptions extends NixCommandOptions {
  /**
   * Host directories that builders may see, `/bin` or `/inside=/outside`. Builds in a chroot
   * store always run in a sandbox, which on Debian's Nix 2.8 has no `/bin/sh`. Default none.
   */
  readonly sandboxPaths?: readonly string[];
}

export interface FlakeBuild {
  /** The outputs that the attribute selects, `out` first; at least one. */
  readonly storePaths: readonly StorePath[];
  readonly drvPath: StorePath | undefined;
  /** `meta.mainProgram`, when the package says it. */
  readonly mainProgram: string | undefined;
  /** `pname`, or `name` without its version: what `nix run` falls back to. */
  readonly packageName: string | undefined;
}

const NAMES = `package: {
  mainProgram = package.meta.mainProgram or null;
  packageName = package.pname or (builtins.parseDrvName (package.name or "")).name;
}`;

/**
 * Evaluates a flake purely and builds or fetches what its attribute names,
 * in the runner's store. Nothing is linked or rooted. The flake's own `nixConfig` is not obeyed.
 * @throws NiphasError InvalidRequest, CommandFailed, DiskFull, InodesExhausted, Cancelled
 */
export async function buildFlake(nix: NixRunner, reference: string, options: BuildFlakeOptions): Promise<FlakeBuild> {
  const installable = parseFlakeReference(reference);
  const settings = ["--option", "accept-flake-config", "false", "--option", "pure-eval", "true"];
  const sandbox = ["--option", "sandbox-paths", (options.sandboxPaths ?? []).join(" ")];
  const build = await runNix(
    nix,
    "build",
    ["--no-link", "--json", ...settings, ...(options.sandboxPaths === undefined ? [] : sandbox), "--", installable],
    options,
  );
  const [built, ...others] = parseBuildOutput(build);
  if (built === undefined || others.length > 0 || built.outputs.length === 0) {
    throw new NiphasError("InvalidRequest", "the flake reference must name exactly one package");
  }
  const names = await runNix(nix, "eval", ["--json", "--apply", NAMES, ...settings, "--", installable], options);
  const { mainProgram, packageName } = asObject(parseJson(names));
  return {
    storePaths: built.outputs.map((output) => output.path),
    drvPath: built.drvPath,
    mainProgram: nonEmptyText(mainProgram),
    packageName: nonEmptyText(packageName),
  };
}

function nonEmptyText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
