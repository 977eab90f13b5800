import { NiphasError, parseNarHash, parseStorePath, type StorePath } from "@niphas/core";
import type { PathInfo } from "../ports.ts";

/** One derivation that `nix build --json` made. */
export interface BuiltDerivation {
  readonly drvPath: StorePath | undefined;
  /** Output name and path, `out` first. */
  readonly outputs: readonly { readonly name: string; readonly path: StorePath }[];
}

/** What `nix path-info --json` and Nix's database both know of a path. */
export type LocalPathInfo = Pick<PathInfo, "path" | "narHash" | "narSizeBytes" | "references">;

type JsonObject = Readonly<Record<string, unknown>>;

/** @throws NiphasError CommandFailed when the output has another form than 2.8's and 2.34's */
export function parseBuildOutput(text: string): readonly BuiltDerivation[] {
  return asArray(parseJson(text)).map((value) => {
    const { drvPath, outputs } = asObject(value);
    const named = Object.entries(asObject(outputs)).map(([name, path]) => ({ name, path: asStorePath(path) }));
    return {
      drvPath: drvPath === undefined || drvPath === null ? undefined : asStorePath(drvPath),
      outputs: named.sort((left, right) => Number(right.name === "out") - Number(left.name === "out")),
    };
  });
}

/**
 * Reads `nix path-info -r --json`: an array with `path` in 2.8, an object by path in 2.34. Sorted by path.
 * @throws NiphasError PathNotFound for a path that is not valid, CommandFailed for another form
 */
export function parsePathInfoOutput(text: string): readonly LocalPathInfo[] {
  const value = parseJson(text);
  const entries = Array.isArray(value)
    ? value.map((each: unknown) => [asObject(each)["path"], each] as const)
    : Object.entries(asObject(value));
  return entries.map(([path, info]) => toPathInfo(asStorePath(path), info)).sort(byPath);
}

function toPathInfo(path: StorePath, value: unknown): LocalPathInfo {
  if (value === null || asObject(value)["valid"] === false) {
    throw new NiphasError("PathNotFound", `${path} is not in the store`);
  }
  const { narHash, narSize, references } = asObject(value);
  if (typeof narHash !== "string" || typeof narSize !== "number") throw foreign();
  return {
    path,
    narHash: parseNarHash(narHash),
    narSizeBytes: narSize,
    references: asArray(references).map(asStorePath).sort(),
  };
}

function byPath(left: LocalPathInfo, right: LocalPathInfo): number {
  return left.path < right.path ? -1 : 1;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw foreign();
  }
}

export function asObject(value: unknown): JsonObject {
  if (!isObject(value)) throw foreign();
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw foreign();
  return value;
}

function asStorePath(value: unknown): StorePath {
  if (typeof value !== "string") throw foreign();
  return parseStorePath(value);
}

function foreign(): NiphasError {
  return new NiphasError("CommandFailed", "Nix's JSON has an unexpected form: is it between 2.8 and 2.34?");
}
