import { NiphasError, parseNarHash, parseStorePath, storePathHash } from "@niphas/core";
import { describe, expect, it } from "vitest";
import type { PathHash, PeerPathInfo } from "../ports.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import { StoreAnswers } from "./store-answers.ts";

const { signal } = new AbortController();

function info(letter: string, signatures: readonly string[] = ["key:signature"]): PeerPathInfo {
  return {
    path: parseStorePath(`/nix/store/${letter.repeat(32)}-${letter}`),
    narHash: parseNarHash(`sha256:${"0".repeat(52)}`),
    narSizeBytes: 1,
    references: [],
    signatures,
    contentAddress: undefined,
    deriver: undefined,
  };
}

const UNSIGNED = info("d", []);
const ALL = [info("a"), info("b"), info("c"), UNSIGNED];
const [A, B, C] = ALL.map(({ path }) => pathHashOf(path));

function answersOf(closure: () => Promise<readonly PeerPathInfo[]> = async () => ALL): StoreAnswers {
  const pathInfo = (hash: PathHash) => ALL.find(({ path }) => storePathHash(path) === hash);
  return new StoreAnswers({ store: { pathInfo, closure } });
}

const hash = (value: PathHash | undefined): PathHash =>
  value ?? pathHashOf(parseStorePath(`/nix/store/${"0".repeat(32)}-x`));
const UNKNOWN = hash(undefined);

describe("a member that asks for a closure", () => {
  it("is told all of it but what it knows", async () => {
    const told = await answersOf().closure({ path: hash(A), known: [hash(B), UNKNOWN] }, signal);
    expect(told?.map(({ path }) => pathHashOf(path))).toEqual([A, C]);
  });

  it("is told nothing of a path that is not here, or that a collector takes away meanwhile", async () => {
    expect(await answersOf().closure({ path: UNKNOWN, known: [] }, signal)).toBeUndefined();
    const collected = answersOf(() => Promise.reject(new NiphasError("ClosureCollected", "gone")));
    expect(await collected.closure({ path: hash(A), known: [] }, signal)).toBeUndefined();
  });

  it("is told nothing of what nobody has signed, neither as a root nor inside a closure", async () => {
    expect(await answersOf().closure({ path: pathHashOf(UNSIGNED.path), known: [] }, signal)).toBeUndefined();
    const told = await answersOf().closure({ path: hash(A), known: [] }, signal);
    expect(told?.map(({ path }) => pathHashOf(path))).toEqual([A, B, C]);
    expect(await answersOf().have([pathHashOf(UNSIGNED.path), hash(B)], signal)).toEqual([B]);
  });

  it("hears that the store cannot be read", async () => {
    const broken = answersOf(() => Promise.reject(new NiphasError("StoreUnavailable", "locked")));
    await expect(broken.closure({ path: hash(A), known: [] }, signal)).rejects.toMatchObject({
      code: "StoreUnavailable",
    });
  });
});

describe("a member that asks for hashes", () => {
  it("is told which of them are here, in its order", async () => {
    const many = Array.from({ length: 200 }, () => UNKNOWN);
    expect(await answersOf().have([hash(C), ...many, hash(A)], signal)).toEqual([C, A]);
  });

  it("is answered no further when it has gone", async () => {
    await expect(answersOf().have([hash(A)], AbortSignal.abort())).rejects.toThrow();
  });
});
