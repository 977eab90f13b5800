import { NiphasError, parsePathInStore, type StorePath, storePathName } from "@niphas/core";
import type { StoreFiles } from "./store-files.ts";

export interface MainProgramInput {
  /** At least one; a flake's package may have several outputs. */
  readonly roots: readonly [StorePath, ...StorePath[]];
  /** The path below the first root that the user named, as in `/nix/store/<hash>-hello/bin/hello`; empty for none. */
  readonly subPath: string;
  /** `--entrypoint`: absolute in the store, or relative to the first root. */
  readonly entrypoint: string | undefined;
  /** `meta.mainProgram` of the flake's package. */
  readonly mainProgram: string | undefined;
  /** The package's `pname`; taken from the path's name when absent. */
  readonly packageName: string | undefined;
}

const MAX_LISTED = 20;

/**
 * Finds the program to run: --entrypoint, the path that the user named,
 * meta.mainProgram, bin/<pname>, the only executable in bin/, or the root
 * itself when it is an executable file; in this order.
 * @returns its absolute path in the store
 * @throws NiphasError ProgramNotFound, InvalidStorePath
 */
export function chooseMainProgram(input: MainProgramInput, files: StoreFiles): string {
  const { roots } = input;
  const programs = roots.flatMap((root) => executablesIn(`${root}/bin`, files));
  const named = namedProgram(input, programs);
  if (named !== undefined) return requireExecutable(named, programs, files);
  const whole = roots.find((root) => files.kindOf(root) === "executable");
  if (whole !== undefined) return whole;
  const byName = programNamed(input.packageName ?? packageNameOf(roots[0]), programs);
  if (byName !== undefined) return byName;
  const [only, ...others] = programs;
  if (only !== undefined && others.length === 0) return only;
  throw notFound(noChoice(roots[0], programs));
}

/** The name without its version, as Nix splits it: `hello-world-2.12` is `hello-world`. libexpr, parseDrvName */
export function packageNameOf(root: StorePath): string {
  return storePathName(root).replace(/-[^a-zA-Z].*$/, "");
}

function namedProgram(input: MainProgramInput, programs: readonly string[]): string | undefined {
  const [firstRoot] = input.roots;
  if (input.entrypoint !== undefined) {
    const isAbsolute = input.entrypoint.startsWith("/");
    const path = isAbsolute ? input.entrypoint : `${firstRoot}/${input.entrypoint}`;
    parsePathInStore(path);
    return path;
  }
  if (input.subPath !== "") return `${firstRoot}/${input.subPath}`;
  if (input.mainProgram === undefined) return undefined;
  return programNamed(input.mainProgram, programs) ?? `${firstRoot}/bin/${input.mainProgram}`;
}

function programNamed(name: string, programs: readonly string[]): string | undefined {
  return programs.find((path) => path.endsWith(`/bin/${name}`));
}

function requireExecutable(path: string, programs: readonly string[], files: StoreFiles): string {
  const kind = files.kindOf(path);
  if (kind === "executable") return path;
  if (kind === "missing") throw notFound(`${path} is not there; ${listing(programs)}`);
  const problem = kind === "file" ? "is not executable" : "is a directory";
  throw new NiphasError("ProgramNotExecutable", `${path} ${problem}; ${listing(programs)}`);
}

/** Names with a dot are what wrappers wrap, as in `.hello-wrapped`. */
function executablesIn(binDir: string, files: StoreFiles): readonly string[] {
  return files
    .list(binDir)
    .filter((name) => !name.startsWith("."))
    .map((name) => `${binDir}/${name}`)
    .filter((path) => files.kindOf(path) === "executable");
}

function noChoice(root: StorePath, programs: readonly string[]): string {
  if (programs.length === 0) return `${root} has no program in bin/: name one with --entrypoint PATH`;
  return `${root} does not say which program to run: choose one with --entrypoint; ${listing(programs)}`;
}

function listing(programs: readonly string[]): string {
  if (programs.length === 0) return "bin/ has no program";
  const names = programs.slice(0, MAX_LISTED).map((path) => `bin/${path.slice(path.lastIndexOf("/") + 1)}`);
  const more = programs.length > MAX_LISTED ? ` and ${programs.length - MAX_LISTED} more` : "";
  return `there is ${names.join(", ")}${more}`;
}

function notFound(message: string): NiphasError {
  return new NiphasError("ProgramNotFound", message);
}
