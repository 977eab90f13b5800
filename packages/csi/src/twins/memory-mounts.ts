import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { MemoryMounter, type MountEntry, type Mounter } from "@niphas/views";

type Failing = "bindReadOnly" | "unmountAll";

/** A memory mounter that takes paths through /proc/self/fd, and fails when told to. */
export class MemoryMounts implements Mounter {
  readonly #inner = new MemoryMounter();
  readonly #failures = new Map<Failing, Error>();
  /** All mounts and unmounts, in order: `mount /a`, `unmount /a`. */
  readonly calls: string[] = [];

  /** The next call of `method` throws; with `afterwards` the call has done its work before. */
  failNext(method: Failing, error: Error): void {
    this.#failures.set(method, error);
  }

  addForeign(entry: Partial<MountEntry> & { readonly mountPoint: string }): void {
    this.#inner.addForeign(entry);
  }

  bindReadOnly(source: string, target: string): void {
    this.#maybeFail("bindReadOnly");
    this.calls.push(`mount ${realpathSync(target)}`);
    this.#inner.bindReadOnly(source, realpathSync(target));
  }

  isMountPoint(path: string): boolean {
    return this.#inner.isMountPoint(resolveParent(path));
  }

  isBindOf(target: string, source: string): boolean {
    return this.#inner.isBindOf(resolveParent(target), source);
  }

  unmountAll(target: string): void {
    this.#maybeFail("unmountAll");
    this.calls.push(`unmount ${target}`);
    this.#inner.unmountAll(resolveParent(target));
  }

  list(): readonly MountEntry[] {
    return [{ ...ROOT_MOUNT }, ...this.#inner.list()];
  }

  #maybeFail(method: Failing): void {
    const error = this.#failures.get(method);
    this.#failures.delete(method);
    if (error !== undefined) throw error;
  }
}

/** As the kernel finds a path whose last component is not followed. */
function resolveParent(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    // Nothing is there, so nothing is mounted there.
    return path;
  }
}

/** The file system on which everything else lies; the device is the one that MemoryMounter gives plain directories. */
const ROOT_MOUNT: MountEntry = {
  mountId: 1,
  parentId: 0,
  device: "8:1",
  root: "/",
  mountPoint: "/",
  options: ["rw"],
  fileSystemType: "ext4",
  source: "/dev/memory",
};
