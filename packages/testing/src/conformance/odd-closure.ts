import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StorePath } from "@niphas/core";
import type { TestStore } from "../store/test-store.ts";
import { directory, file, symlink } from "../store/tree.ts";

/** A closure with everything that a store path can be, and one path that is not in it. */
export interface OddClosure {
  /** A directory with a program, and references to all others but `unrelated`. */
  readonly program: StorePath;
  readonly fileRoot: StorePath;
  readonly symlinkRoot: StorePath;
  /** Valid, but in nobody's closure. */
  readonly unrelated: StorePath;
}

const DEPTH = 40;

/** Adds the closure to a store of real Nix; `scratchDir` takes what Nix copies in. */
export async function addOddClosure(store: TestStore, scratchDir: string): Promise<OddClosure> {
  const names = await store.addContentAddressed(oddNames(join(scratchDir, "odd-names")));
  const fileRoot = await store.addTree(file("a file as a store path\n"), "file-root");
  const symlinkRoot = await store.addTree(symlink(`${names}/plain`), "symlink-root", { references: [names] });
  const unrelated = await store.addTree(directory({ secret: file("of somebody else") }), "unrelated");
  // So many paths that several threads take part.
  const libraries = await store.addClosure({ name: "libraries", pathCount: 20, fileCount: 40 });
  const references = [names, fileRoot, symlinkRoot, libraries.root];
  const program = await store.addTree(programTree(references), "program-1.0", { references });
  return { program, fileRoot, symlinkRoot, unrelated };
}

/** Names that only bytes can tell: Nix takes them all. */
function oddNames(path: string): string {
  mkdirSync(path);
  writeFileSync(join(path, "plain"), "plain");
  for (const name of [
    "with space",
    "new\nline",
    "tab\tback\\slash",
    "ünïcode-日本",
    "\u0001control",
    "-",
    "\\x20",
    "a=b",
  ]) {
    writeFileSync(join(path, name), `content of ${name}`);
  }
  const prefix = Buffer.from(`${path}/`);
  const bytes = Buffer.concat([prefix, Buffer.from([0xff, 0xfe, 0x20, 0x80])]);
  writeFileSync(bytes, "not UTF-8");
  const oddDirectory = Buffer.concat([prefix, Buffer.from([0xc3, 0x28])]);
  mkdirSync(oddDirectory);
  writeFileSync(Buffer.concat([oddDirectory, Buffer.from("/inner")]), "below a name that is not UTF-8");
  symlinkSync(Buffer.from([0xe9, 0x0a, 0x5c]), join(path, "link-to-bytes"));
  symlinkSync("-", join(path, "link-to-dash"));
  symlinkSync("plain", Buffer.concat([prefix, Buffer.from([0xe9])]));
  return path;
}

function programTree(references: readonly string[]) {
  let deep = directory({ bottom: file("deep") });
  for (let level = 0; level < DEPTH; level++) deep = directory({ [`level-${level}`]: deep });
  return directory({
    bin: directory({ script: file("#!/bin/sh\necho script\n", { executable: true }), link: symlink("script") }),
    deep,
    empty: file(""),
    "empty-executable": file("", { executable: true }),
    "empty-directory": directory({}),
    large: file(Buffer.alloc(3_000_000, "niphas")),
    "absolute-link": symlink(references[0] ?? ""),
    "dangling-link": symlink("nowhere/at all"),
    references: file(references.join("\n")),
  });
}
