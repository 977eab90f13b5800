import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const MAX_PARENTS = 8;

/**
 * The nearest `proto/` with `fileName` beside or above this module. From source that is the repository's; a bundle carries
 * `proto/` next to its own file.
 */
export function findProtoFile(fileName: string, startDirectory: string = import.meta.dirname): string {
  let directory = startDirectory;
  for (let depth = 0; depth < MAX_PARENTS; depth++) {
    const candidate = join(directory, "proto", fileName);
    if (existsSync(candidate)) return candidate;
    directory = dirname(directory);
  }
  throw new Error(`proto/${fileName} was not found beside or above ${startDirectory}: the installation is incomplete`);
}
