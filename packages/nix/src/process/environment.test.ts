import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nixEnvironment } from "./environment.ts";

describe("nixEnvironment", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "niphas-environment-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("keeps Nix away from the machine's and the user's configuration", () => {
    const environment = nixEnvironment(dir, {
      PATH: "/bin",
      HOME: "/root",
      NIX_REMOTE: "daemon",
      NIX_CONFIG: "require-sigs = false",
      NIX_PATH: "nixpkgs=/evil",
      SECRET_TOKEN: "canary",
    });
    expect(environment).toEqual({
      PATH: "/bin",
      HOME: join(dir, "home"),
      XDG_CACHE_HOME: join(dir, "cache"),
      XDG_CONFIG_HOME: join(dir, "config"),
      XDG_STATE_HOME: join(dir, "state"),
      NIX_CONF_DIR: join(dir, "empty"),
      TMPDIR: join(dir, "tmp"),
      NIX_USER_CONF_FILES: "",
      LC_ALL: "C",
    });
  });

  it("passes certificates, proxies and object-store credentials on", () => {
    const source = { SSL_CERT_FILE: "/ca.crt", https_proxy: "http://proxy", AWS_PROFILE: "cache" };
    expect(nixEnvironment(dir, source)).toMatchObject(source);
  });

  it.each([
    [{ http_proxy: "http://proxy" }, "127.0.0.1,::1"],
    [{ ALL_PROXY: "http://proxy", NO_PROXY: ".example.org" }, ".example.org,127.0.0.1,::1"],
    [{ https_proxy: "http://proxy" }, undefined],
  ])("lets no proxy stand before this machine's own mesh daemon: %j", (source, expected) => {
    expect(nixEnvironment(dir, source)["no_proxy"]).toBe(expected);
  });

  it("makes the directories that it names", () => {
    const { HOME, TMPDIR } = nixEnvironment(dir, {});
    expect([HOME, TMPDIR].map((each) => existsSync(String(each)))).toEqual([true, true]);
  });
});
