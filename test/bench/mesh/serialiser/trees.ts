import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import { openStoreDatabase } from "@niphas/nix";
import { directory, file, SeededRandom, TestStore, type Tree } from "@niphas/testing";
import type { RunControl } from "../../scenario.ts";

/** Paths of one shape, all in one store. */
export interface TreeSet {
  readonly name: string;
  readonly paths: readonly { readonly path: StorePath; readonly narSizeBytes: number }[];
}

const MIB = 1024 * 1024;

/** A store with what stores hold: one path of many small files, one of few large ones, and a closure of small paths. */
export async function makeTrees(
  control: RunControl,
): Promise<{ readonly store: TestStore; readonly sets: readonly TreeSet[] }> {
  const store = await TestStore.create(join(control.directory, "serialiser/store"));
  const random = new SeededRandom(1);
  control.report("making 20,000 small files");
  const manySmall = await store.addTree(smallFiles(random, 20_000), "many-small-files");
  control.report("making 256 MiB in 4 files");
  const large = await store.addTree(largeFiles(random, 4, 64 * MIB), "large-files");
  control.report("making 40 paths");
  const closure = await store.addClosure({ name: "paths", pathCount: 40, fileCount: 2000, fileSizeBytes: 8192 });
  const database = openStoreDatabase(store.location);
  const sized = (path: StorePath) => ({ path, narSizeBytes: database.pathInfo(path)?.narSizeBytes ?? 0 });
  const sets = [
    { name: "manySmallFiles", paths: [sized(manySmall)] },
    { name: "largeFiles", paths: [sized(large)] },
    { name: "manyPaths", paths: closure.paths.map(sized) },
  ];
  database.close();
  return { store, sets };
}

/** Directories of 100 files between 0 and 4 KiB. */
function smallFiles(random: SeededRandom, count: number): Tree {
  const folders = Array.from({ length: count / 100 }, (_, folder) => {
    const files = Array.from({ length: 100 }, (_each, index) => [`f${index}`, file(random.bytes(random.below(4096)))]);
    return [`folder-${folder}`, directory(Object.fromEntries(files))] as const;
  });
  return directory(Object.fromEntries(folders));
}

function largeFiles(random: SeededRandom, count: number, sizeBytes: number): Tree {
  const block = random.bytes(MIB);
  const content = Buffer.alloc(sizeBytes, block);
  return directory(Object.fromEntries(Array.from({ length: count }, (_, index) => [`large-${index}`, file(content)])));
}
