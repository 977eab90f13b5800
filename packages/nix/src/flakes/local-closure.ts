import type { StorePath } from "@niphas/core";
import type { NixRunner } from "../process/nix-runner.ts";
import { isAtLeast } from "../settings/nix-version.ts";
import { type LocalPathInfo, parsePathInfoOutput } from "./nix-json.ts";
import { type NixCommandOptions, runNix } from "./run-nix.ts";

/**
 * The closure of `paths` as the runner's store knows it, sorted by path: for
 * stores whose database we cannot read ourselves, such as the host's through its daemon.
 * @throws NiphasError PathNotFound, CommandFailed, Cancelled
 */
export async function localClosure(
  nix: NixRunner,
  paths: readonly StorePath[],
  options: NixCommandOptions,
): Promise<readonly LocalPathInfo[]> {
  // 2.34 wants the format named; older ones have only the one and do not know the flag.
  const format = isAtLeast(await nix.version(), 2, 34) ? ["--json-format", "1"] : [];
  const output = await runNix(nix, "path-info", ["--recursive", "--json", ...format, "--", ...paths], options);
  return parsePathInfoOutput(output);
}
