import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { LinuxMounter } from "@niphas/views";
import { timeMs } from "../../scenario.ts";

/** The least that a plugin without system calls can do: one `mount --bind` process for each volume. */
export class MountBindProcess {
  readonly #source: string;
  readonly #directory: string;
  readonly #mounter = new LinuxMounter();

  /** @param directory gets a mount point for each mount of a run */
  constructor(source: string, directory: string) {
    this.#source = source;
    this.#directory = directory;
  }

  /** Milliseconds until `count` mounts at once are made; making the mount points and unmounting are not counted. */
  async run(count: number): Promise<number> {
    const targets = Array.from({ length: count }, (_, index) => join(this.#directory, String(index)));
    for (const target of targets) mkdirSync(target, { recursive: true });
    const durationMs = await timeMs(async () => Promise.all(targets.map(async (target) => this.#mount(target))));
    for (const target of targets) this.#mounter.unmountAll(target);
    return durationMs;
  }

  /** No pipes and no waiting for them to close: as cheap as a process can be. */
  async #mount(target: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const child = spawn("mount", ["--bind", "--", this.#source, target], { stdio: "ignore" });
    child.once("error", reject).once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`mount --bind ended with ${code}`));
    });
    return promise;
  }
}
