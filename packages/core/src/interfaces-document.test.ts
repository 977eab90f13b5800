import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ERROR_CODES, ERROR_MAPPING } from "./errors.ts";

/** The contract that others read; its tables and the code's must say the same. */
const DOCUMENT = readFileSync(new URL("../../../docs/interfaces.md", import.meta.url), "utf8");

describe("docs/interfaces.md", () => {
  test("names every error code with its kind, and no other", () => {
    const rows = [...DOCUMENT.matchAll(/^\| `([A-Z][A-Za-z]+)` \| `([a-zA-Z]+)` \|/gm)].map((row) => [row[1], row[2]]);
    expect(rows.sort()).toEqual(Object.entries(ERROR_CODES).sort());
  });

  test("maps every kind to the same gRPC code, HTTP status and exit code", () => {
    const pattern = /^\| `([a-zA-Z]+)` \| (\d+) [A-Z_]+ \| (\d+) \| (\d+) \|/gm;
    const rows = [...DOCUMENT.matchAll(pattern)].map((row) => [row[1], Number(row[2]), Number(row[3]), Number(row[4])]);
    const table = Object.entries(ERROR_MAPPING).map(([kind, { grpc, http, exit }]) => [kind, grpc, http, exit]);
    expect(rows.sort()).toEqual(table.sort());
  });
});
