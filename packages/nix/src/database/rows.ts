import type { SQLOutputValue } from "node:sqlite";
import { NiphasError, parseNarHash, parseStorePath, type StorePath } from "@niphas/core";
import type { PathInfo, RegisteredPath } from "../ports.ts";

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** @throws NiphasError StoreUnavailable when a column is not what Nix writes there */
export function numberColumn(row: Row, name: string): number {
  const value = row[name];
  if (typeof value !== "number") throw foreign(name);
  return value;
}

export function textColumn(row: Row, name: string): string {
  const value = row[name];
  if (typeof value !== "string") throw foreign(name);
  return value;
}

export function pathColumn(row: Row): StorePath {
  return parseStorePath(textColumn(row, "path"));
}

export function toRegisteredPath(row: Row, path: StorePath): RegisteredPath {
  return {
    id: numberColumn(row, "id"),
    path,
    signatures: (optionalText(row, "sigs") ?? "").split(" ").filter((text) => text !== ""),
    contentAddress: optionalText(row, "ca"),
  };
}

/** `path` is the row's own, which the caller has read already. */
export function toPathInfo(row: Row, path: StorePath, references: readonly StorePath[]): PathInfo {
  return {
    ...toRegisteredPath(row, path),
    narHash: parseNarHash(textColumn(row, "hash")),
    narSizeBytes: optionalNumber(row, "narSize"),
    references,
    isUltimate: optionalNumber(row, "ultimate") !== 0,
    registeredAtSeconds: numberColumn(row, "registrationTime"),
  };
}

/** Nix leaves `narSize` and `ultimate` NULL for zero and false. */
function optionalNumber(row: Row, name: string): number {
  return row[name] === null ? 0 : numberColumn(row, name);
}

/** NULL and the empty string both mean "none". */
function optionalText(row: Row, name: string): string | undefined {
  const value = row[name];
  if (value === null || value === "") return undefined;
  return textColumn(row, name);
}

function foreign(column: string): NiphasError {
  return new NiphasError("StoreUnavailable", `Nix's database has an unexpected value in column ${column}`);
}
