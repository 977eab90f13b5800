import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { type StorePath, storePathBaseName } from "@niphas/core";
import { directory, file, symlink, type TestStore, type Tree } from "@niphas/testing";

/** Real, dynamically linked programs of this machine as a closure of two paths. */
export interface ProgramClosure {
  /** The programs, `bin/{sh,cat,sleep,env,id}`. */
  readonly root: StorePath;
  /** The libraries. */
  readonly libc: StorePath;
  /** What /nix/store holds in the view, sorted. */
  readonly storeEntries: readonly string[];
}

const PROGRAMS = { sh: "/bin/bash", cat: "/bin/cat", sleep: "/bin/sleep", tty: "/usr/bin/tty" };

/** Copies programs with their libraries, patches them to find these in the store, and registers both. */
export async function addPrograms(store: TestStore, workDir: string): Promise<ProgramClosure> {
  mkdirSync(workDir, { recursive: true });
  const libraries = librariesOf(Object.values(PROGRAMS));
  const libraryTrees = libraries.map(
    (path) => [basename(path), file(readFileSync(path), { executable: true })] as const,
  );
  const libc = await store.addTree(directory({ lib: directory(Object.fromEntries(libraryTrees)) }), "libc-1.0");
  const programs = Object.entries(PROGRAMS).map(
    ([name, source]) => [name, file(patched(source, join(workDir, name), libc), { executable: true })] as const,
  );
  const entries: Record<string, Tree> = {
    bin: directory({
      ...Object.fromEntries(programs),
      data: file("not a program\n"),
      "needs-nothing-there": file("#!/nix/store/none/bin/sh\n", { executable: true }),
      linked: symlink(`${libc}/lib/none`),
    }),
  };
  const root = await store.addTree(directory(entries), "tools-1.0", { references: [libc] });
  return { root, libc, storeEntries: [".roots", storePathBaseName(libc), storePathBaseName(root)].sort() };
}

/** Copies of files that are run here and need no closure of their own. */
export function librariesOf(programs: readonly string[]): readonly string[] {
  const output = programs.map((program) => execFileSync("ldd", [program], { encoding: "utf8" })).join("\n");
  const paths = [...output.matchAll(/(\/[^\s)]*\.so[^\s)]*)/g)].map(([, path = ""]) => path);
  // By the name under which programs ask for them; the same library may be found through two directories.
  return [...new Map(paths.map((path) => [basename(path), path])).values()];
}

function patched(source: string, copy: string, libc: StorePath): Buffer {
  copyFileSync(realpathSync(source), copy);
  chmodSync(copy, 0o755);
  const loader = readdirSync("/lib64").find((name) => name.startsWith("ld-linux")) ?? "ld-linux-aarch64.so.1";
  execFileSync("patchelf", ["--set-interpreter", `${libc}/lib/${loader}`, "--set-rpath", `${libc}/lib`, copy]);
  return readFileSync(copy);
}
