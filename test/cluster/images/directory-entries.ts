import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { NiphasError } from "@niphas/core";
import type { TarEntry } from "./tar.ts";

const PERMISSION_BITS = 0o7777;

/**
 * A file tree of the host as entries at `path` of an archive, sorted, owned by root. Symbolic links stay what they are.
 * @throws NiphasError InvalidRequest for devices, sockets and the like
 */
export function* directoryEntries(source: string, path: string): Generator<TarEntry> {
  const status = lstatSync(source);
  const mode = status.mode & PERMISSION_BITS;
  if (status.isSymbolicLink()) yield { type: "symlink", path, mode, target: readlinkSync(source) };
  else if (status.isFile()) yield { type: "file", path, mode, source };
  else if (status.isDirectory()) {
    yield { type: "directory", path, mode };
    for (const name of readdirSync(source).sort()) yield* directoryEntries(join(source, name), `${path}/${name}`);
  } else throw new NiphasError("InvalidRequest", `${source} is no file, directory or symbolic link`);
}
