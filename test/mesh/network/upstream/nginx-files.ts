import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const EXAMPLE = fileURLToPath(new URL("../../../../examples/nginx/files", import.meta.url));
const SYSTEMS: Readonly<Record<string, string>> = { x64: "x86_64-linux", arm64: "aarch64-linux" };

/**
 * The command that starts the example's nginx by the loader and libraries that came with it, whatever system this is.
 * Undefined when scripts/fetch-example.sh has not run.
 */
export function nginxCommand(): readonly string[] | undefined {
  const files = join(EXAMPLE, SYSTEMS[process.arch] ?? "");
  if (!existsSync(join(files, ".packages"))) return undefined;
  const libraries = readdirSync(files).map((name) => join(files, name, "lib"));
  const loader = readdirSync(join(files, "glibc/lib")).find((name) => name.startsWith("ld-linux"));
  if (loader === undefined) return undefined;
  return [join(files, "glibc/lib", loader), "--library-path", libraries.join(":"), join(files, "nginx/bin/nginx")];
}
