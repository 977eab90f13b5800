/**
 * Which file may import what (ARCHITECTURE.md has the picture): arrows between packages point one way, packages are
 * used by their name only, `core` does no I/O, concrete classes meet in `main.ts`, and no file is longer than 350 lines.
 */
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path/posix";
import { importsOf } from "./parse.ts";

export interface SourceFile {
  /** Relative to the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** What is read of a package.json. */
export interface Manifest {
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export const MAX_FILE_LINES = 350;

const ALL = ["core", "service", "nix", "kube", "views", "csi", "mesh", "manifests", "eval", "operator"];

/** A package and the packages that it may import. */
export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  service: ["core"],
  nix: ["core"],
  kube: ["core"],
  views: ["core", "nix"],
  csi: ["core", "service", "nix", "views"],
  mesh: ["core", "service", "nix", "kube"],
  manifests: ["core"],
  eval: ["core", "service", "nix", "kube", "manifests"],
  operator: ["core", "service", "kube", "manifests"],
  cli: ALL,
  testing: ALL,
};

/** Where alone in a package another one may be imported: `mesh` runs outside of clusters too. */
const ONLY_IN: Readonly<Record<string, string>> = { "mesh -> kube": "packages/mesh/src/membership/kubernetes/" };

/** Modules without I/O: all of Node.js that `core` may use. */
const PURE_BUILTINS = ["node:buffer", "node:crypto", "node:path", "node:path/posix", "node:util"];

/** The composition root of a package is called from these files only, and from tests. */
const MAY_IMPORT_MAIN = ["command.ts", "index.ts"];

/**
 * All violations in one file, each as `path:line: message`.
 *
 * @param manifests package.json by folder (`packages/core`; `""` for the root's).
 */
export function checkFile(file: SourceFile, manifests: ReadonlyMap<string, Manifest>): string[] {
  const found = tooLong(file);
  if (!file.path.endsWith(".ts")) {
    return found;
  }
  for (const { specifier, line } of importsOf(file.text)) {
    const problem = checkImport(file.path, specifier, manifests);
    if (problem !== undefined) {
      found.push(`${file.path}:${line}: ${problem}`);
    }
  }
  return found;
}

function tooLong(file: SourceFile): string[] {
  const lines = file.text.replace(/\n$/, "").split("\n").length;
  const over = lines > MAX_FILE_LINES;
  return over ? [`${file.path}:${MAX_FILE_LINES + 1}: ${lines} lines; at most ${MAX_FILE_LINES}: split it`] : [];
}

function checkImport(path: string, specifier: string, manifests: ReadonlyMap<string, Manifest>): string | undefined {
  if (specifier.startsWith(".")) {
    return checkRelative(path, specifier);
  }
  if (isBuiltin(specifier)) {
    return checkBuiltin(path, specifier);
  }
  const isOurs = specifier.startsWith("@niphas/");
  return isOurs ? checkWorkspace(path, specifier, manifests) : checkExternal(path, specifier, manifests);
}

function checkRelative(path: string, specifier: string): string | undefined {
  const target = join(dirname(path), specifier);
  const from = packageOf(path);
  const to = packageOf(target);
  if (to !== undefined && to !== from) {
    return `reaches into packages/${to}; import @niphas/${to}`;
  }
  if (from !== undefined && to !== from) {
    return `leaves its package: ${specifier}`;
  }
  const mainIsPrivate = to !== undefined && target === `packages/${to}/src/main.ts`;
  return mainIsPrivate && !mayImportMain(path)
    ? "imports the composition root main.ts; only command.ts may"
    : undefined;
}

function mayImportMain(path: string): boolean {
  return path.endsWith(".test.ts") || MAY_IMPORT_MAIN.some((name) => path.endsWith(`/${name}`));
}

function checkBuiltin(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith("node:")) {
    return `write node:${specifier}`;
  }
  const pure = packageOf(path) === "core" && !path.endsWith(".test.ts");
  return pure && !PURE_BUILTINS.includes(specifier) ? `packages/core is pure; ${specifier} does I/O` : undefined;
}

function checkWorkspace(path: string, specifier: string, manifests: ReadonlyMap<string, Manifest>): string | undefined {
  const [, to = "", ...deep] = specifier.split("/");
  const { exports } = manifests.get(`packages/${to}`) ?? {};
  if (deep.length > 0 && !(`./${deep.join("/")}` in { ...exports })) {
    return `reaches into a package: ${specifier}; import @niphas/${to}`;
  }
  const from = packageOf(path);
  if (from === undefined) {
    return undefined;
  }
  // The twins stand for what is outside the package; only `main.ts` knows the real ones.
  if (to === "testing" && path.endsWith(".test.ts")) {
    return undefined;
  }
  const allowed = ALLOWED[from];
  if (allowed === undefined) {
    return `packages/${from} is not in the table of scripts/imports/rules.ts`;
  }
  if (!allowed.includes(to)) {
    return `packages/${from} may not import @niphas/${to}`;
  }
  const folder = ONLY_IN[`${from} -> ${to}`] ?? "";
  return path.startsWith(folder) ? undefined : `only ${folder} may import @niphas/${to}`;
}

function checkExternal(path: string, specifier: string, manifests: ReadonlyMap<string, Manifest>): string | undefined {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  const declared = manifestsFor(path, manifests).some((manifest) => name in { ...manifest?.dependencies });
  const isTooling = packageOf(path) === undefined || path.endsWith(".test.ts");
  const isDevelopmentTool = isTooling && name in { ...manifests.get("")?.devDependencies };
  return declared || isDevelopmentTool ? undefined : `${name} is not in this package's package.json`;
}

/** A package has its own dependencies; tests, scripts and examples have those of all packages. */
function manifestsFor(path: string, manifests: ReadonlyMap<string, Manifest>): (Manifest | undefined)[] {
  const from = packageOf(path);
  return from === undefined ? [...manifests.values()] : [manifests.get(`packages/${from}`)];
}

/** `core` of `packages/core/src/hash.ts`; undefined outside packages. */
function packageOf(path: string): string | undefined {
  const [top, name] = path.split("/");
  return top === "packages" ? name : undefined;
}
