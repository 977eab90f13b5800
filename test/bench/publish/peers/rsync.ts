import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { runCommand } from "@niphas/testing";
import { timeMs } from "../../scenario.ts";

/** nix-csi's way: a hard-linked copy of the closure for each volume, made by rsync. */
export class RsyncLinkDest {
  readonly #paths: readonly string[];
  readonly #directory: string;

  constructor(physicalPaths: readonly string[], directory: string) {
    this.#paths = physicalPaths;
    this.#directory = directory;
  }

  /** Milliseconds of one copy into an empty directory, which is removed again outside of the count. */
  async run(): Promise<number> {
    const store = dirname(this.#paths[0] ?? "");
    mkdirSync(this.#directory, { recursive: true });
    try {
      const argv = ["rsync", "-a", `--link-dest=${store}`, "--", ...this.#paths, `${this.#directory}/`];
      return await timeMs(() => runCommand(argv));
    } finally {
      rmSync(this.#directory, { recursive: true });
    }
  }
}
