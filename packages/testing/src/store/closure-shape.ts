import { createHash } from "node:crypto";
import { encodeNix32, parseStorePath, STORE_DIR, type StorePath } from "@niphas/core";
import { packageTree } from "./package-tree.ts";
import { SeededRandom } from "./random.ts";
import type { DirectoryTree } from "./tree.ts";

export interface ClosureOptions {
  /** Name of the root; the others are `<name>-dep-<n>`. */
  readonly name: string;
  readonly pathCount: number;
  /** Files of all paths together; directories and links come on top. */
  readonly fileCount: number;
  /** Mean size of a file. @default 512 */
  readonly fileSizeBytes?: number;
  /** How much of each file compresses to almost nothing, 0 to 1; the rest does not compress. @default 0 */
  readonly compressibleShare?: number;
  /** Decides every name and byte, together with `name`. @default 1 */
  readonly seed?: number;
  /** Paths of the store that the root refers to on top of its own closure. */
  readonly references?: readonly StorePath[];
}

export interface PlannedPath {
  readonly path: StorePath;
  readonly references: readonly StorePath[];
  readonly fileCount: number;
}

const CHILDREN_PER_PATH = 3;
const EXTRA_REFERENCES = 2;
const DEFAULT_FILE_SIZE_BYTES = 512;

/** Names and references of a closure, root first: a tree of three children each, with shortcuts towards the leaves. */
export function planClosure(options: ClosureOptions): readonly PlannedPath[] {
  const random = new SeededRandom(options.seed ?? 1);
  const paths = Array.from({ length: options.pathCount }, (_, index) => pathName(options, index));
  return paths.map((path, index) => ({
    path,
    references: [
      ...new Set([...referencesOf(index, paths, random), ...(index === 0 ? (options.references ?? []) : [])]),
    ],
    fileCount: share(options.fileCount, options.pathCount, index),
  }));
}

/** The content of one planned path. */
export function plannedTree(planned: PlannedPath, options: ClosureOptions): DirectoryTree {
  return packageTree(new SeededRandom(textSeed(planned.path)), {
    fileCount: planned.fileCount,
    fileSizeBytes: options.fileSizeBytes ?? DEFAULT_FILE_SIZE_BYTES,
    references: planned.references,
    compressibleShare: options.compressibleShare ?? 0,
  });
}

/** `/nix/store/<32 characters that depend on the identity>-<name>`. */
export function inventStorePath(identity: string, name: string): StorePath {
  const digest = createHash("sha256").update(identity).digest().subarray(0, 20);
  return parseStorePath(`${STORE_DIR}/${encodeNix32(digest)}-${name}`);
}

function pathName(options: ClosureOptions, index: number): StorePath {
  const name = index === 0 ? options.name : `${options.name}-dep-${index}`;
  return inventStorePath(JSON.stringify([options, index]), name);
}

function referencesOf(index: number, paths: readonly StorePath[], random: SeededRandom): readonly StorePath[] {
  const children = paths.slice(index * CHILDREN_PER_PATH + 1, (index + 1) * CHILDREN_PER_PATH + 1);
  const later = paths.length - index - 1;
  const extra = Array.from({ length: EXTRA_REFERENCES }, () => paths[index + 1 + random.below(Math.max(1, later))]);
  return [...children, ...extra.filter((path) => path !== undefined)];
}

/** Spreads a total evenly, the remainder over the first. */
function share(total: number, parts: number, index: number): number {
  return Math.floor(total / parts) + (index < total % parts ? 1 : 0);
}

function textSeed(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32LE(0);
}
