import { NiphasError } from "@niphas/core";
import type { MountEntry, Mounter } from "../ports.ts";

/** {@link Mounter} without a kernel, for tests of what stands on it. Mounts stack, as they do in Linux. */
export class MemoryMounter implements Mounter {
  readonly #mounts: MountEntry[] = [];
  readonly #stuckTargets = new Set<string>();
  #nextId = 100;

  /** From now on this target cannot be unmounted. */
  makeStuck(target: string): void {
    this.#stuckTargets.add(target);
  }

  /** Adds what another program might have mounted, such as a foreign or a writable mount. */
  addForeign(entry: Partial<MountEntry> & { readonly mountPoint: string }): void {
    this.#mounts.push({
      mountId: this.#nextId++,
      parentId: 1,
      device: "0:99",
      root: "/",
      options: ["rw"],
      fileSystemType: "tmpfs",
      source: "foreign",
      ...entry,
    });
  }

  bindReadOnly(source: string, target: string): void {
    const below = this.#top(source);
    this.addForeign({
      mountPoint: target,
      root: below?.root ?? source,
      device: below?.device ?? "8:1",
      options: ["ro", "nosuid", "nodev"],
      fileSystemType: below?.fileSystemType ?? "ext4",
      source: below?.source ?? "/dev/memory",
    });
  }

  isMountPoint(path: string): boolean {
    return this.#top(path) !== undefined;
  }

  isBindOf(target: string, source: string): boolean {
    const [shown, below] = [this.#top(target), this.#top(source)];
    if (shown === undefined || !shown.options.includes("ro")) return false;
    return shown.root === (below?.root ?? source) && shown.device === (below?.device ?? "8:1");
  }

  unmountAll(target: string): void {
    if (this.#stuckTargets.has(target) && this.isMountPoint(target)) {
      throw new NiphasError("MountFailed", "the mount cannot be taken away (EBUSY)");
    }
    for (let index = this.#mounts.length - 1; index >= 0; index--) {
      if (this.#mounts[index]?.mountPoint === target) this.#mounts.splice(index, 1);
    }
  }

  list(): readonly MountEntry[] {
    return [...this.#mounts];
  }

  #top(path: string): MountEntry | undefined {
    return this.#mounts.findLast((entry) => entry.mountPoint === path);
  }
}
