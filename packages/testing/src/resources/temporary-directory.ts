import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detachMountsBelow } from "../mounts/detach-mounts.ts";

/** A directory that goes away with its owner: `await using directory = temporaryDirectory("publish")`. */
export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
  /** `path` joined with `parts`. */
  join(...parts: readonly string[]): string;
}

/**
 * Makes `/tmp/niphas-<prefix>-XXXXXX`. Disposal takes away every mount below it
 * first, and refuses to delete while one is left: deleting through a bind mount
 * would empty what is mounted.
 */
export function temporaryDirectory(prefix: string): TemporaryDirectory {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `niphas-${prefix}-`)));
  return {
    path,
    join: (...parts) => join(path, ...parts),
    [Symbol.asyncDispose]: async () => {
      await detachMountsBelow(path);
      rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
