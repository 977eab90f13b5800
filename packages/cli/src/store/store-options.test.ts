import { CACHE_NIXOS_ORG_KEY } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { nixSettings, stateDirOf, storeRootDir, trustedKeyTexts } from "./store-options.ts";

const user = { env: {}, uid: 1000, homeDir: "/home/me", workingDir: "/app" };
const root = { ...user, uid: 0 };

describe("stateDirOf", () => {
  it("follows the XDG specification for ordinary users", () => {
    expect(stateDirOf({}, user)).toBe("/home/me/.local/state/niphas");
    expect(stateDirOf({}, { ...user, env: { XDG_STATE_HOME: "/s" } })).toBe("/s/niphas");
    expect(stateDirOf({}, { ...user, env: { XDG_STATE_HOME: "relative" } })).toBe("/home/me/.local/state/niphas");
  });

  it("is the system's for root, and what the flag says for both", () => {
    expect(stateDirOf({}, root)).toBe("/var/lib/niphas/run");
    expect(stateDirOf({ stateDir: "x" }, root)).toBe("/app/x");
  });
});

describe("storeRootDir", () => {
  it("prefers the flag, then the machine's own store behind a daemon, then one of its own", () => {
    expect(storeRootDir({ store: "s" }, user, () => true)).toBe("/app/s");
    expect(storeRootDir({}, user, () => true)).toBe("/");
    expect(storeRootDir({}, user, () => false)).toBe("/home/me/.local/state/niphas/store");
  });
});

describe("trustedKeyTexts", () => {
  it("always holds cache.nixos.org's key, once", () => {
    expect(trustedKeyTexts({})).toEqual([CACHE_NIXOS_ORG_KEY]);
    expect(trustedKeyTexts({ trustedPublicKey: [CACHE_NIXOS_ORG_KEY, "mine:x"] })).toEqual([
      CACHE_NIXOS_ORG_KEY,
      "mine:x",
    ]);
  });
});

describe("the netrc file", () => {
  it("is looked for from the working directory, and is none by default", () => {
    const here = { ...user, workingDir: import.meta.dirname };
    expect(nixSettings({ netrcFile: "store-options.ts" }, here).netrcFile).toBe(`${here.workingDir}/store-options.ts`);
    expect(nixSettings({}, here).netrcFile).toBeUndefined();
  });

  it("has to be there: Nix would go on without it", () => {
    const failure = expect.objectContaining({
      code: "InvalidConfiguration",
      message: expect.stringContaining("ENOENT"),
    });
    expect(() => nixSettings({ netrcFile: "/nonexistent/netrc" }, user)).toThrow(failure);
  });
});
