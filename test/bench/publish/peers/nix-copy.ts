import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import { runCommand } from "@niphas/testing";
import { timeMs } from "../../scenario.ts";

/** What Nix itself takes to fetch a closure over HTTP into a new chroot store, with its own defaults. */
export class NixCopy {
  readonly #url: string;
  readonly #publicKey: string;

  constructor(url: string, publicKey: string) {
    this.#url = url;
    this.#publicKey = publicKey;
  }

  /** Milliseconds; `directory` is empty and gets the store and Nix's caches. */
  async run(root: StorePath, directory: string): Promise<number> {
    const scratchDir = join(directory, "scratch");
    mkdirSync(scratchDir, { recursive: true });
    const settings = ["--option", "substituters", "", "--option", "trusted-public-keys", this.#publicKey];
    const nix = ["nix", "--extra-experimental-features", "nix-command", "copy", ...settings];
    const argv = [...nix, "--from", this.#url, "--to", join(directory, "store"), root];
    return timeMs(async () => runCommand(argv, { env: isolatedEnvironment(scratchDir) }));
  }
}

/** Nothing of this machine's configuration, and caches that start empty. */
function isolatedEnvironment(scratchDir: string): NodeJS.ProcessEnv {
  const dirs = { HOME: scratchDir, XDG_CACHE_HOME: scratchDir, NIX_CONF_DIR: scratchDir };
  return { PATH: process.env["PATH"], ...dirs, NIX_USER_CONF_FILES: "", NIX_REMOTE: "" };
}
