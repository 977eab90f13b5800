/** A file system object as Nix sees one: no owners, no times, one executable bit. */
export type Tree = FileTree | SymlinkTree | DirectoryTree;

export interface FileTree {
  readonly type: "file";
  readonly content: Uint8Array;
  readonly executable: boolean;
}

export interface SymlinkTree {
  readonly type: "symlink";
  readonly target: string;
}

export interface DirectoryTree {
  readonly type: "directory";
  readonly entries: ReadonlyMap<string, Tree>;
}

export function file(content: string | Uint8Array, options: { readonly executable?: boolean } = {}): FileTree {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { type: "file", content: bytes, executable: options.executable ?? false };
}

export function symlink(target: string): SymlinkTree {
  return { type: "symlink", target };
}

export function directory(entries: Readonly<Record<string, Tree>>): DirectoryTree {
  return { type: "directory", entries: new Map(Object.entries(entries)) };
}
