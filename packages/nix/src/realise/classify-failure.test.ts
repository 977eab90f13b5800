import { CACHE_NIXOS_ORG_KEY, parseStorePath, parseTrustedKey } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NixSettings } from "../ports.ts";
import { classifyFailure } from "./classify-failure.ts";

const ROOT = parseStorePath(`/nix/store/${"a".repeat(32)}-app`);
const OTHER = `/nix/store/${"b".repeat(32)}-lib`;
const SETTINGS: NixSettings = {
  store: { rootDir: "/" },
  substituters: ["http://user:canary@cache.example?token=canary"],
  trustedKeys: [parseTrustedKey(CACHE_NIXOS_ORG_KEY)],
  netrcFile: undefined,
  cacheDir: "/tmp",
  maxJobs: 1,
  connectTimeoutSeconds: 1,
  stalledDownloadTimeoutSeconds: 1,
  realiseTimeoutMs: 1,
};

function classify(messages: readonly string[], unknownPaths: readonly string[] = []) {
  return classifyFailure({ roots: [ROOT], messages, unknownPaths }, SETTINGS);
}

describe("classifyFailure, with the words of 2.8 and 2.34", () => {
  it.each([
    ["SubstituterUnavailable", "unable to download 'http://h/nix-cache-info': Couldn't connect to server (7)"],
    ["SubstituterUnavailable", "'http://h' does not appear to be a binary cache"],
    ["SubstituterUnavailable", "warning: file 'nar/x.nar' does not exist in binary cache 'http://h'"],
    [
      "UntrustedPath",
      `the substitute for '${OTHER}' from 'http://h' is not signed by any of the keys in 'trusted-public-keys'`,
    ],
    [
      "UntrustedPath",
      `ignoring substitute for '${OTHER}' from 'http://h', as it's not signed by any of the keys in 'trusted-public-keys'`,
    ],
    ["UntrustedPath", `cannot add path '${OTHER}' because it lacks a signature by a trusted key`],
    ["BadBytes", `hash mismatch importing path '${OTHER}';`],
    ["BadBytes", `error: NAR for '${OTHER}' fetched from 'http://h' is incomplete`],
    ["BadBytes", "NAR info file 'x.narinfo' is corrupt: expecting ':' at line 1"],
    [
      "PathNotFound",
      `path '/nix/store/${"c".repeat(32)}-zstd-1.5.6' is required, but there is no substituter that can build it`,
    ],
    [
      "PathNotFound",
      `path '/nix/store/${"c".repeat(32)}-timeout-1' is required, but there is no substituter that can build it`,
    ],
    ["BadBytes", "error: string is too long"],
    ["BadBytes", "error: input compression not recognized"],
    ["StoreUnavailable", "error: executing SQLite query: database disk image is malformed"],
    ["PathNotFound", `path '${OTHER}' is required, but there is no substituter that can build it`],
    ["CommandFailed", "error: something new"],
  ])("%s: %s", (code, message) => {
    expect(classify([message]).code).toBe(code);
  });

  it("names the path that is not signed, and the trusted keys", () => {
    const { message } = classify([`the substitute for '${OTHER}' from 'http://h' is not signed by any of the keys`]);
    expect(message).toContain(OTHER);
    expect(message).toContain("cache.nixos.org-1");
  });

  it("does not say that a path is nowhere while a cache could not be asked", () => {
    const messages = ["unable to download 'http://h/nix-cache-info': HTTP error 500", `build of '${ROOT}' failed`];
    expect(classify(messages, [ROOT]).code).toBe("SubstituterUnavailable");
    expect(classify([`build of '${ROOT}' failed`], [ROOT]).code).toBe("PathNotFound");
  });

  it("lists the caches without credentials", () => {
    const { message } = classify([], [ROOT]);
    expect(message).toContain("http://cache.example");
    expect(message).not.toContain("canary");
  });

  it("always finds a code, whatever the words", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (messages) => {
        expect(classify(messages).message).not.toBe("");
      }),
    );
  });
});
