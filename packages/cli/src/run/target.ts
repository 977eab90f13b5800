import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { type PathInStore, parsePathInStore, STORE_DIR } from "@niphas/core";

/** What `niphas run` was asked to run. */
export type RunTarget =
  | ({ readonly kind: "storePath" } & PathInStore)
  | { readonly kind: "flake"; readonly reference: string };

/**
 * Tells store paths from flake references. A link into the store, such as
 * the `result` of `nix build`, is the store path that it leads to.
 * @throws NiphasError InvalidStorePath when it begins like a store path and is none
 */
export function parseRunTarget(text: string, workingDir: string): RunTarget {
  if (text.startsWith(`${STORE_DIR}/`) && !text.includes("#")) return { kind: "storePath", ...parsePathInStore(text) };
  const linked = text.includes("#") ? undefined : resolvedPath(text, workingDir);
  if (linked?.startsWith(`${STORE_DIR}/`)) return { kind: "storePath", ...parsePathInStore(linked) };
  return { kind: "flake", reference: text };
}

function resolvedPath(text: string, workingDir: string): string | undefined {
  try {
    return realpathSync(resolve(workingDir, text));
  } catch {
    // Not a file here, so it is something else, such as `nixpkgs`.
    return undefined;
  }
}
