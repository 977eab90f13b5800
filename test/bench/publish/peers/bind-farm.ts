import { lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { bindMount, LinuxMounter, mountTmpfs } from "@niphas/views";
import { timeMs } from "../../scenario.ts";

/** nixkube's way: one mount(2) for each path of the closure, for each volume. */
export class BindFarm {
  readonly #binds: readonly { readonly source: string; readonly target: string }[];
  readonly #directory: string;
  readonly #mounter = new LinuxMounter();

  constructor(physicalPaths: readonly string[], directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#binds = physicalPaths.map((source) => ({ source, target: join(directory, basename(source)) }));
  }

  /** Milliseconds of the mounts alone; making the mount points and unmounting are not counted. */
  async run(): Promise<number> {
    mountTmpfs(this.#directory, 0o755);
    try {
      for (const { source, target } of this.#binds) makeMountPoint(source, target);
      return await timeMs(() => {
        for (const { source, target } of this.#binds) bindMount(source, target, { isReadOnly: false });
      });
    } finally {
      this.#mounter.unmountAll(this.#directory);
    }
  }
}

function makeMountPoint(source: string, target: string): void {
  if (lstatSync(source).isDirectory()) mkdirSync(target);
  else writeFileSync(target, "");
}
