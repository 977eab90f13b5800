const SOURCES = {
  "tree-worker": "../tree/tree-worker.ts",
  "image-worker": "../composefs/image-worker.ts",
  "erase-worker": "../cache/erase-worker.ts",
} as const;

/** The worker threads of this package, by the name that their bundled file has. */
export type WorkerName = keyof typeof SOURCES;

/** For whoever bundles this package. */
export const WORKER_NAMES: readonly WorkerName[] = ["tree-worker", "image-worker", "erase-worker"];

/**
 * The file that a worker thread runs. From source that is the TypeScript file;
 * a bundle must hold each source as an entry point of its own, named
 * `<worker name>.<js or mjs>` and beside the file that this module went into.
 */
export function workerFile(name: WorkerName): URL {
  const extension = /\.[a-z]+$/.exec(import.meta.url)?.[0] ?? ".js";
  return new URL(extension === ".ts" ? SOURCES[name] : `./${name}${extension}`, import.meta.url);
}
