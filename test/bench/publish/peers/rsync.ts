import { dirname } from "node:path";
import { runCommand } from "@niphas/testing";
import { timeMs } from "../../scenario.ts";

/** nix-csi's way: a hard-linked copy of the closure for each volume, made by rsync. */
export class RsyncLinkDest {
  readonly #paths: readonly string[];

  constructor(physicalPaths: readonly string[]) {
    this.#paths = physicalPaths;
  }

  /** Milliseconds of one copy into an empty directory. */
  async run(directory: string): Promise<number> {
    const store = dirname(this.#paths[0] ?? "");
    return timeMs(async () =>
      runCommand(["rsync", "-a", `--link-dest=${store}`, "--", ...this.#paths, `${directory}/`]),
    );
  }
}
