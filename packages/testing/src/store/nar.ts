import { createHash } from "node:crypto";
import type { Tree } from "./tree.ts";

/** Size and hash of a tree's NAR. */
export interface NarDigest {
  readonly sha256Hex: string;
  readonly sizeBytes: number;
}

/** Serialises a tree as Nix does, into a digest. Format: libutil/archive.cc. */
export function narDigest(tree: Tree): NarDigest {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const write = (bytes: Uint8Array): void => {
    hash.update(bytes);
    sizeBytes += bytes.length;
  };
  writeText(write, "nix-archive-1");
  writeNode(write, tree);
  return { sha256Hex: hash.digest("hex"), sizeBytes };
}

type Sink = (bytes: Uint8Array) => void;

function writeNode(write: Sink, tree: Tree): void {
  writeText(write, "(", "type");
  if (tree.type === "symlink") writeText(write, "symlink", "target", tree.target);
  else if (tree.type === "directory") writeEntries(write, tree.entries);
  else {
    writeText(write, "regular", ...(tree.executable ? ["executable", ""] : []), "contents");
    writeBytes(write, tree.content);
  }
  writeText(write, ")");
}

function writeEntries(write: Sink, entries: ReadonlyMap<string, Tree>): void {
  writeText(write, "directory");
  for (const name of [...entries.keys()].sort()) {
    const entry = entries.get(name);
    if (entry === undefined) continue;
    writeText(write, "entry", "(", "name", name, "node");
    writeNode(write, entry);
    writeText(write, ")");
  }
}

function writeText(write: Sink, ...texts: readonly string[]): void {
  for (const text of texts) writeBytes(write, Buffer.from(text));
}

function writeBytes(write: Sink, bytes: Uint8Array): void {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  write(length);
  write(bytes);
  const padding = (8 - (bytes.length % 8)) % 8;
  if (padding > 0) write(Buffer.alloc(padding));
}
