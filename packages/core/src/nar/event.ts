import type { ByteString } from "./byte-string.ts";

/** A regular file. Its bytes follow, where there are any to give. */
export interface NarFile {
  readonly kind: "file";
  /** Empty for the root, as with the other kinds. */
  readonly name: ByteString;
  readonly sizeBytes: number;
  readonly isExecutable: boolean;
  /** Where the NAR holds the file's first byte. */
  readonly narOffset: number;
}

export interface NarSymlink {
  readonly kind: "symlink";
  readonly name: ByteString;
  readonly target: ByteString;
}

/** Begins a directory; its entries follow, then {@link NarLeave}. */
export interface NarDirectory {
  readonly kind: "directory";
  readonly name: ByteString;
}

/** Ends the directory that was begun last and has not ended. */
export interface NarLeave {
  readonly kind: "leave";
}

/** Some bytes of the file that came last. */
export interface NarContents {
  readonly kind: "contents";
  readonly bytes: Uint8Array;
}

/** What a NAR says, in its own order: each directory before its entries, these in the order of their names' bytes. */
export type NarEntry = NarFile | NarSymlink | NarDirectory | NarLeave;
export type NarEvent = NarEntry | NarContents;
