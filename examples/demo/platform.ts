import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where Nix and the plugin run: a prefix for their command lines, and what it needs in its environment. */
export interface Platform {
  readonly name: string;
  readonly wrapper: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const ENTER_FORKY = fileURLToPath(new URL("../../scripts/enter-forky.sh", import.meta.url));

/**
 * A current Nix in the Debian forky root that set-up made; the host's own Nix when there is none, or when asked for.
 *
 * @param sharedDir directory whose mounts have to reach the host, as the kubelet's do
 */
export function choosePlatform(wantsHost: boolean, sharedDir: string): Platform {
  const forkyRoot = process.env["NIPHAS_FORKY_ROOT"];
  if (wantsHost || forkyRoot === undefined || !existsSync(forkyRoot)) {
    return { name: "this machine", wrapper: [], env: {} };
  }
  return { name: "a Debian forky root", wrapper: [ENTER_FORKY], env: { NIPHAS_SHARED_DIR: sharedDir } };
}
