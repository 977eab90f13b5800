import { createHash } from "node:crypto";
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What lies at a path, in one comparable line. Times are nanoseconds, so that "1 second" is exact. */
type Description = string;

/**
 * Everything below a directory, byte-exact: names that are not UTF-8 are one
 * character per byte. The directory itself is the entry with the empty name. Link counts and inode
 * numbers are left out; strategies differ in them.
 */
export function listTree(root: string): ReadonlyMap<string, Description> {
  const entries = new Map<string, Description>();
  add(entries, Buffer.from(root), "");
  return entries;
}

/** Like {@link listTree}, with each name put below `prefix`. */
export function listTreeAs(root: string, prefix: string): ReadonlyMap<string, Description> {
  return new Map([...listTree(root)].map(([name, value]) => [name === "" ? prefix : `${prefix}/${name}`, value]));
}

function add(entries: Map<string, Description>, path: Buffer, name: string): void {
  const stats = lstatSync(path, { bigint: true });
  entries.set(name, describe(path, stats));
  if (!stats.isDirectory()) return;
  for (const child of readdirSync(path, { encoding: "buffer" })) {
    const childName = child.toString("latin1");
    add(entries, Buffer.concat([path, Buffer.from("/"), child]), name === "" ? childName : `${name}/${childName}`);
  }
}

function describe(path: Buffer, stats: BigIntStats): Description {
  const common = `mode ${stats.mode.toString(8)} uid ${stats.uid} gid ${stats.gid} mtime ${stats.mtimeNs}`;
  if (stats.isSymbolicLink()) return `${common} -> ${readlinkSync(path, "buffer").toString("latin1")}`;
  if (!stats.isFile()) return common;
  const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
  return `${common} size ${stats.size} sha256 ${digest}`;
}
