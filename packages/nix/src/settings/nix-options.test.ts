import { CACHE_NIXOS_ORG_KEY, parseTrustedKey } from "@niphas/core";
import { describe, expect, it } from "vitest";
import type { NixSettings } from "../ports.ts";
import { nixOptions } from "./nix-options.ts";
import { parseNixVersion } from "./nix-version.ts";

const SETTINGS: NixSettings = {
  store: { rootDir: "/var/lib/niphas/store" },
  substituters: ["http://127.0.0.1:8080", "https://cache.nixos.org"],
  trustedKeys: [parseTrustedKey(CACHE_NIXOS_ORG_KEY)],
  netrcFile: undefined,
  cacheDir: "/var/lib/niphas/nix",
  maxJobs: 8,
  connectTimeoutSeconds: 3,
  stalledDownloadTimeoutSeconds: 10,
  realiseTimeoutMs: 1_000,
};
const OLD = parseNixVersion("nix-store (Nix) 2.8.0");
const NEW = parseNixVersion("nix-store (Nix) 2.34.8");

function asMap(options: readonly string[]): ReadonlyMap<string, string> {
  const entries: [string, string][] = [];
  for (let index = 0; index < options.length; index += 3) {
    expect(options[index]).toBe("--option");
    entries.push([options[index + 1] ?? "", options[index + 2] ?? ""]);
  }
  return new Map(entries);
}

describe("nixOptions", () => {
  it("always requires signatures and gives exactly our caches and keys", () => {
    const options = asMap(nixOptions(SETTINGS, NEW));
    expect(options.get("require-sigs")).toBe("true");
    expect(options.get("substituters")).toBe("http://127.0.0.1:8080 https://cache.nixos.org");
    expect(options.get("trusted-public-keys")).toBe(CACHE_NIXOS_ORG_KEY);
  });

  it("gives an empty list where there is none, so that no default of Nix applies", () => {
    const options = asMap(nixOptions({ ...SETTINGS, substituters: [], trustedKeys: [] }, NEW));
    expect(options.get("substituters")).toBe("");
    expect(options.get("trusted-public-keys")).toBe("");
    expect(options.get("builders")).toBe("");
  });

  it("never remembers that a cache did not have a path", () => {
    expect(asMap(nixOptions(SETTINGS, OLD)).get("narinfo-cache-negative-ttl")).toBe("0");
  });

  it("passes no setting to a Nix that does not know it", () => {
    const old = asMap(nixOptions(SETTINGS, OLD));
    expect([old.has("fsync-store-paths"), old.has("max-substitution-jobs")]).toEqual([false, false]);
    expect(old.get("max-jobs")).toBe("8");
    const recent = asMap(nixOptions(SETTINGS, NEW));
    expect(recent.get("fsync-store-paths")).toBe("true");
    expect(recent.get("max-substitution-jobs")).toBe("8");
  });

  it("can leave syncing to the caller, and names a netrc file when there is one", () => {
    const settings = { ...SETTINGS, netrcFile: "/etc/niphas/netrc" };
    const options = asMap(nixOptions(settings, NEW, { fsyncStorePaths: false }));
    expect(options.get("fsync-store-paths")).toBe("false");
    expect(options.get("netrc-file")).toBe("/etc/niphas/netrc");
    expect(asMap(nixOptions(SETTINGS, NEW)).has("netrc-file")).toBe(false);
  });
});
