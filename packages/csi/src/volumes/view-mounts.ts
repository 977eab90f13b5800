import { statSync } from "node:fs";
import { parseViewKey, type ViewKey } from "@niphas/core";
import type { MountEntry } from "@niphas/views";

/** `major:minor` of the file system at `path`, as mountinfo writes it. */
export function deviceOf(path: string): string {
  const { dev } = statSync(path, { bigint: true });
  // gnu_dev_major(3) and gnu_dev_minor(3).
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

/** Tells in a mount table which mounts show a view of ours, and which view. */
export class ViewMounts {
  /** `device` + `root` of each active view that is a file system of its own (composefs). */
  readonly #activeViews = new Map<string, ViewKey>();
  readonly #viewsRoot: { readonly device: string; readonly path: string } | undefined;

  /** @param viewsDir where the views lie, links resolved */
  constructor(table: readonly MountEntry[], viewsDir: string) {
    for (const entry of table) {
      const key = viewKeyBelow(entry.mountPoint, viewsDir);
      if (key !== undefined) this.#activeViews.set(`${entry.device} ${entry.root}`, key);
    }
    this.#viewsRoot = locate(table, viewsDir);
  }

  /** Undefined when the mount is not a view of ours. */
  viewKeyOf(entry: MountEntry): ViewKey | undefined {
    const active = this.#activeViews.get(`${entry.device} ${entry.root}`);
    if (active !== undefined) return active;
    const place = this.#viewsRoot;
    if (place === undefined || entry.device !== place.device) return undefined;
    return viewKeyBelow(entry.root, place.path);
  }
}

/** `<dir>/<key>/root` gives the key. */
function viewKeyBelow(path: string, dir: string): ViewKey | undefined {
  const prefix = dir === "/" ? "/" : `${dir}/`;
  if (!path.startsWith(prefix)) return undefined;
  const [key = "", root, ...rest] = path.slice(prefix.length).split("/");
  return root === "root" && rest.length === 0 ? parseViewKey(key) : undefined;
}

/** The file system that holds `dir`, and the path of `dir` inside it. */
function locate(table: readonly MountEntry[], dir: string): { device: string; path: string } | undefined {
  let best: MountEntry | undefined;
  for (const entry of table) {
    const holds = entry.mountPoint === "/" || dir === entry.mountPoint || dir.startsWith(`${entry.mountPoint}/`);
    // Of mounts stacked on one point the last in the table is on top.
    if (holds && entry.mountPoint.length >= (best?.mountPoint.length ?? 0)) best = entry;
  }
  if (best === undefined) return undefined;
  const rest = dir.slice(best.mountPoint === "/" ? 0 : best.mountPoint.length);
  return { device: best.device, path: best.root === "/" ? rest || "/" : best.root + rest };
}
