import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "@niphas/testing";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Bundles the plugin from the present sources, as images hold it: run from source, Node.js would strip types first,
 * which costs start-up time and memory that no user pays.
 * @param directory empty
 * @returns the program's file
 */
export async function bundlePlugin(directory: string): Promise<string> {
  const outDir = join(directory, "dist");
  // The native module stays outside of the bundle.
  symlinkSync(join(REPOSITORY, "node_modules"), join(directory, "node_modules"));
  await runCommand([process.execPath, join(REPOSITORY, "scripts/bundle.ts"), outDir]);
  return join(outDir, "niphas.js");
}

/** A `wrapper` for PluginProcess that puts the bundle in the place of its `<node> <source entry> <flags>`. */
export function bundleWrapper(bundleFile: string): readonly string[] {
  return ["sh", "-c", 'bundle=$0 node=$1; shift 2; exec "$node" "$bundle" csi "$@"', bundleFile];
}
