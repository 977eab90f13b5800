import { type StorePath, storePathBaseName } from "@niphas/core";
import type { LocalPathInfo } from "@niphas/nix";

export interface ClosurePath {
  readonly path: StorePath;
  /** Size of the path's own NAR, which is close to its size on disk. */
  readonly narSizeBytes: number;
  /** Size of the path with all it refers to. */
  readonly closureSizeBytes: number;
  /** Without the path itself, sorted. */
  readonly references: readonly StorePath[];
}

/** All about one closure. The largest path comes first. */
export interface ClosureReport {
  readonly root: StorePath;
  readonly pathCount: number;
  readonly narSizeBytes: number;
  readonly paths: readonly ClosurePath[];
}

/** Works the report out from the rows of a closure, which must be complete. */
export function closureReport(root: StorePath, closure: readonly LocalPathInfo[]): ClosureReport {
  const byPath = new Map(closure.map((info) => [info.path, info]));
  const paths = closure.map((info) => ({
    path: info.path,
    narSizeBytes: info.narSizeBytes,
    closureSizeBytes: reachableSize(info.path, byPath),
    references: info.references.filter((reference) => reference !== info.path).sort(),
  }));
  return {
    root,
    pathCount: paths.length,
    narSizeBytes: closure.reduce((sum, info) => sum + info.narSizeBytes, 0),
    paths: paths.sort((a, b) => b.narSizeBytes - a.narSizeBytes || compareText(a.path, b.path)),
  };
}

/**
 * Draws who refers to whom. A path whose references were drawn before is
 * marked `[...]` and not drawn again, so the text stays as long as the closure.
 */
export function renderTree(report: ClosureReport, label: (path: ClosurePath) => string): string {
  const byPath = new Map(report.paths.map((path) => [path.path, path]));
  const drawn = new Set<StorePath>();
  const lines: string[] = [];
  // A stack and not recursion: a chain of references may be longer than the call stack.
  const pending: TreeNode[] = [{ path: report.root, branch: "", indent: "" }];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const entry = byPath.get(node.path);
    if (entry === undefined) continue;
    const isRepeat = drawn.has(node.path) && entry.references.length > 0;
    lines.push(`${node.branch}${label(entry)}${isRepeat ? " [...]" : ""}`);
    if (!isRepeat) pending.push(...childNodes(entry, node.indent));
    drawn.add(node.path);
  }
  return `${lines.join("\n")}\n`;
}

interface TreeNode {
  readonly path: StorePath;
  readonly branch: string;
  readonly indent: string;
}

/** Children in reverse, as the stack wants them. */
function childNodes(entry: ClosurePath, indent: string): readonly TreeNode[] {
  const last = entry.references.length - 1;
  return entry.references
    .map((path, index) => ({
      path,
      branch: `${indent}${index === last ? "└── " : "├── "}`,
      indent: `${indent}${index === last ? "    " : "│   "}`,
    }))
    .reverse();
}

function reachableSize(start: StorePath, byPath: ReadonlyMap<StorePath, LocalPathInfo>): number {
  const seen = new Set<StorePath>([start]);
  let sizeBytes = 0;
  for (const path of seen) {
    const info = byPath.get(path);
    sizeBytes += info?.narSizeBytes ?? 0;
    for (const reference of info?.references ?? []) seen.add(reference);
  }
  return sizeBytes;
}

function compareText(a: StorePath, b: StorePath): number {
  const [left, right] = [storePathBaseName(a), storePathBaseName(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
