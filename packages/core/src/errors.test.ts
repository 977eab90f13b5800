import { describe, expect, test } from "vitest";
import { ERROR_CODES, ERROR_MAPPING, isNiphasError, NiphasError, systemErrorCode, toNiphasError } from "./errors.ts";

/** gRPC's numbers: https://grpc.io/docs/guides/status-codes/ */
const GRPC = {
  invalid: "INVALID_ARGUMENT 3",
  denied: "PERMISSION_DENIED 7",
  notFound: "NOT_FOUND 5",
  conflict: "ALREADY_EXISTS 6",
  busy: "ABORTED 10",
  exhausted: "RESOURCE_EXHAUSTED 8",
  unavailable: "UNAVAILABLE 14",
  corrupt: "DATA_LOSS 15",
  internal: "INTERNAL 13",
} as const;

describe("the table of error kinds", () => {
  test.each(Object.entries(GRPC))("maps %s to %s", (kind, status) => {
    expect(Object.entries(ERROR_MAPPING).find(([each]) => each === kind)?.[1].grpc).toBe(Number(status.split(" ")[1]));
  });

  test("knows these kinds and no other", () => {
    expect(Object.keys(ERROR_MAPPING).sort()).toEqual(Object.keys(GRPC).sort());
  });

  test("gives each kind its own gRPC code and exit code, and an HTTP status of an error", () => {
    const rows = Object.values(ERROR_MAPPING);
    expect(new Set(rows.map((row) => row.grpc)).size).toBe(rows.length);
    expect(new Set(rows.map((row) => row.exit)).size).toBe(rows.length);
    expect(rows.every((row) => row.http >= 400 && row.http < 600)).toBe(true);
  });

  test("keeps exit codes clear of success and of a shell's own", () => {
    expect(Object.values(ERROR_MAPPING).every((row) => row.exit > 0 && row.exit < 125)).toBe(true);
  });

  test("gives every code a kind that exists, and every kind a code", () => {
    const kinds = new Set<string>(Object.values(ERROR_CODES));
    expect([...kinds].sort()).toEqual(Object.keys(ERROR_MAPPING).sort());
  });

  test("lets the kubelet keep a volume as uncertain only for work that goes on or may", () => {
    const nonFinal = new Set([1, 4, 8, 10, 14]);
    const kinds = Object.entries(ERROR_MAPPING).flatMap(([kind, row]) => (nonFinal.has(row.grpc) ? [kind] : []));
    expect(kinds.sort()).toEqual(["busy", "exhausted", "unavailable"]);
  });
});

describe("an error", () => {
  test("has the kind of its code, its message and its cause", () => {
    const cause = new Error("details");
    const error = new NiphasError("DiskFull", "the disk is full", { cause });
    expect(error).toMatchObject({ name: "NiphasError", code: "DiskFull", kind: "exhausted", cause });
    expect(error.message).toBe("the disk is full");
    expect(error).toBeInstanceOf(Error);
  });

  test("of ours passes unchanged", () => {
    const error = new NiphasError("VolumeBusy", "busy");
    expect(toNiphasError(error)).toBe(error);
  });

  test("of another copy of this package is known as ours", () => {
    const twin = Object.assign(new Error("x"), { name: "NiphasError", code: "DiskFull", kind: "exhausted" });
    expect(isNiphasError(twin)).toBe(true);
  });

  test.each([
    ["a plain error", new Error("x")],
    ["an error with a foreign code", Object.assign(new Error("x"), { name: "NiphasError", code: "Nope", kind: "odd" })],
    ["an inherited key as code", Object.assign(new Error("x"), { name: "NiphasError", code: "toString", kind: "odd" })],
    ["an object that looks like one", { name: "NiphasError", code: "DiskFull", kind: "exhausted", message: "x" }],
    ["a string", "NiphasError"],
    ["nothing", undefined],
    ["null", null],
  ])("is not ours when it is %s", (_what, value) => {
    expect(isNiphasError(value)).toBe(false);
  });

  test.each([
    ["ENOSPC", "DiskFull"],
    ["EDQUOT", "DiskFull"],
    ["EROFS", "StoreUnavailable"],
    ["EPERM", "Internal"],
  ])("of the system, %s, becomes %s", (systemCode, code) => {
    const cause = Object.assign(new Error("at /secret/path"), { code: systemCode });
    expect(toNiphasError(cause)).toMatchObject({ code, cause });
    expect(toNiphasError(cause).message).not.toContain("secret");
    expect(systemErrorCode(cause)).toBe(systemCode);
  });

  test("of an aborted signal becomes Cancelled, which is not final", () => {
    expect(toNiphasError(AbortSignal.abort().reason)).toMatchObject({ code: "Cancelled", kind: "unavailable" });
    const timeout = new DOMException("too slow", "TimeoutError");
    expect(toNiphasError(timeout)).toMatchObject({ code: "Cancelled", kind: "unavailable" });
  });

  test.each([
    ["token abc"],
    [undefined],
    [null],
    [42],
    [{ code: 7 }],
    [Symbol("x")],
  ])("that is no error at all, %s, becomes Internal and is kept as cause only", (value) => {
    const error = toNiphasError(value);
    expect(error).toMatchObject({ code: "Internal", kind: "internal" });
    expect(error.cause).toBe(value);
    expect(error.message).not.toContain("token");
  });

  test("without a text code has no system code", () => {
    expect(systemErrorCode(Object.assign(new Error("x"), { code: 5 }))).toBeUndefined();
    expect(systemErrorCode("ENOENT")).toBeUndefined();
  });
});
