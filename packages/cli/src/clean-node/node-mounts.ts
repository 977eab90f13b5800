import { basename, dirname } from "node:path";
import { ViewMounts, volumeIdBeside } from "@niphas/csi";
import type { MountEntry } from "@niphas/views";

export interface MountPlaces {
  /** Links resolved. */
  readonly kubeletDir: string;
  /** Links resolved. */
  readonly viewsDir: string;
  /** Paths that are about to be deleted, with all that is in them. */
  readonly doomed: readonly string[];
}

/** What a mount table holds that matters here: mount points, each once, deepest first. */
export interface NodeMounts {
  /** Volumes of the plugin at pods' paths. */
  readonly volumes: readonly string[];
  /** Views that are file systems of their own. */
  readonly views: readonly string[];
  /** Whatever else lies in what is to be deleted. */
  readonly foreign: readonly string[];
}

export function findNodeMounts(
  table: readonly MountEntry[],
  { kubeletDir, viewsDir, doomed }: MountPlaces,
): NodeMounts {
  const viewMounts = new ViewMounts(table, viewsDir);
  const isVolume = (entry: MountEntry): boolean =>
    entry.mountPoint.startsWith(`${kubeletDir}/`) &&
    // By the kubelet's own note too: the view that a volume shows may be gone from the table.
    (viewMounts.viewKeyOf(entry) !== undefined || volumeIdBeside(entry.mountPoint) !== undefined);
  const isView = ({ mountPoint }: MountEntry): boolean =>
    basename(mountPoint) === "root" && dirname(dirname(mountPoint)) === viewsDir;
  const isForeign = (entry: MountEntry): boolean =>
    doomed.some((path) => isAtOrBelow(entry.mountPoint, path)) && !isView(entry) && !isVolume(entry);
  const pointsOf = (isWanted: (entry: MountEntry) => boolean): readonly string[] =>
    [...new Set(table.filter(isWanted).map(({ mountPoint }) => mountPoint))].sort().reverse();
  return { volumes: pointsOf(isVolume), views: pointsOf(isView), foreign: pointsOf(isForeign) };
}

function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
