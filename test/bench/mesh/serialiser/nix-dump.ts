import { spawn } from "node:child_process";
import type { StorePath } from "@niphas/core";
import { nixEnvironment } from "@niphas/testing";

/** What other meshes for Nix do for each path: a process of Nix's that writes the NAR, here to where it costs nothing. */
export class NixDump {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #rootDir: string;

  constructor(init: { readonly rootDir: string; readonly scratchDir: string }) {
    this.#environment = nixEnvironment(init.scratchDir);
    this.#rootDir = init.rootDir;
  }

  async run(path: StorePath): Promise<void> {
    const child = spawn("nix-store", ["--dump", `${this.#rootDir}${path}`], {
      env: this.#environment,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once("error", reject).once("exit", resolve);
    const exitCode = await promise;
    if (exitCode !== 0) throw new Error(`nix-store --dump ended with ${exitCode}`);
  }
}
