import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "../processes/run-command.ts";

const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));

/** What the bundle leaves out: the one native module, with its files for each platform. */
const NATIVE_MODULES = ["koffi", "@koromix"];

/** Names the program of the bundle that the whole test run shares; not set, tests start the sources. */
export const BUNDLE_VARIABLE = "NIPHAS_TEST_BUNDLE";

/**
 * Bundles `niphas` from the present sources, with all that it needs, as images hold it: run from source, Node.js would
 * strip types first, which costs start-up time and memory that no user pays.
 * @param directory empty; any user who can read it can run the program
 * @returns the program's file
 */
export async function bundleNiphas(directory: string): Promise<string> {
  const outDir = join(directory, "dist");
  for (const name of NATIVE_MODULES) {
    cpSync(join(REPOSITORY, "node_modules", name), join(directory, "node_modules", name), { recursive: true });
  }
  await runCommand([process.execPath, join(REPOSITORY, "scripts/bundle.ts"), outDir]);
  return join(outDir, "niphas.js");
}

/** The bundle of this test run, if there is one. */
export function testBundle(): string | undefined {
  return process.env[BUNDLE_VARIABLE];
}
