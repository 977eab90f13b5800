import { basename } from "node:path";
import { NiphasError } from "@niphas/core";
import { Semaphore } from "@niphas/nix";
import { rootDirectory } from "../linux/mountinfo.ts";
import type { MountEntry, Mounter } from "../ports.ts";
import { mountPointsBelow } from "./mounts-of-view.ts";
import type { ViewDirectory } from "./view-directory.ts";

export interface LeftoversComponents {
  readonly directory: Pick<ViewDirectory, "leftovers" | "erase">;
  readonly mounter: Mounter;
}

export interface LeftoversInit {
  readonly report: (error: unknown) => void;
}

/** Nobody waits for a deletion, so nobody cancels one. */
const NEVER = new AbortController().signal;

/** Deletes what is no view (any more): removed ones, and those that a crash left half-built. */
export class Leftovers {
  readonly #components: LeftoversComponents;
  readonly #report: (error: unknown) => void;
  readonly #running = new Set<Promise<void>>();
  /** One at a time: each takes a thread, and a crash can have left any number. */
  readonly #slots = new Semaphore(1);

  constructor(components: LeftoversComponents, init: LeftoversInit) {
    this.#components = components;
    this.#report = init.report;
  }

  /** Starts to delete all that are there. */
  eraseAll(): void {
    for (const path of this.#components.directory.leftovers()) void this.erase(path);
  }

  /** Resolves when it has been deleted, or could not be: that is reported, and the next start tries again. */
  erase(path: string): Promise<void> {
    const running = this.#slots
      .run(NEVER, () => this.#erase(path))
      .catch(this.#report)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  /** Waits until nothing is being deleted. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Never through a mount, and never what a pod still looks at: that waits for the next start. */
  async #erase(path: string): Promise<void> {
    const { directory, mounter } = this.#components;
    if (isShown(mounter.list(), path)) return;
    for (const mountPoint of mountPointsBelow(mounter.list(), path)) mounter.unmountAll(mountPoint);
    if (mountPointsBelow(mounter.list(), path).length > 0) {
      throw new NiphasError("VolumeBusy", "a view that is to be deleted has mounts below it");
    }
    await directory.erase(path);
  }
}

/** By the name, which is random, in the path of the mount's root. */
function isShown(table: readonly MountEntry[], path: string): boolean {
  const name = basename(path);
  return table.some((entry) => rootDirectory(entry).split("/").includes(name));
}
