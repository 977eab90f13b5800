import { describe, expect, it } from "vitest";
import { fail, isHealthy, ok, warn } from "./check.ts";
import { checkFileSystems, checkKernel } from "./checks/kernel.ts";
import { checkKeys } from "./checks/keys.ts";
import { userNamespaceAdvice } from "./checks/namespaces.ts";
import { versionIn } from "./checks/tools.ts";
import { viewChecks } from "./checks/views.ts";
import { checksJson, renderChecks } from "./render-checks.ts";

describe("checkKernel", () => {
  it.each([
    ["6.18.44-x", "ok"],
    ["5.12.0", "ok"],
    ["5.11.22", "fail"],
    ["4.19.0", "fail"],
    ["nonsense", "fail"],
  ])("judges Linux %s as %s", (release, status) => {
    expect(checkKernel("linux", release).status).toBe(status);
  });

  it("needs Linux", () => {
    expect(checkKernel("darwin", "24.0.0")).toMatchObject({ status: "fail", advice: expect.stringContaining("Linux") });
  });
});

describe("checkFileSystems", () => {
  it("reads /proc/filesystems and names what is missing", () => {
    expect(checkFileSystems("nodev\ttmpfs\n\text4\nnodev\toverlay\n\terofs\n").status).toBe("ok");
    expect(checkFileSystems("nodev\toverlay\n")).toMatchObject({
      status: "warn",
      advice: expect.stringContaining("modprobe erofs"),
    });
  });
});

describe("checkKeys", () => {
  it("names the keys, or the one that is wrong without repeating it", () => {
    const good = "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";
    expect(checkKeys([good])).toMatchObject({ status: "ok", message: "1 trusted key: cache.nixos.org-1" });
    const result = checkKeys([good, "mine:secret"]);
    expect(result).toMatchObject({ status: "fail", message: expect.stringContaining("key 2 is wrong") });
    expect(JSON.stringify(result)).not.toContain("secret");
  });
});

describe("userNamespaceAdvice", () => {
  it("names the setting that is in the way", () => {
    const advice = (name: string, value: string) => userNamespaceAdvice((each) => (each === name ? value : undefined));
    expect(advice("user/max_user_namespaces", "0")).toContain("user.max_user_namespaces");
    expect(advice("kernel/unprivileged_userns_clone", "0")).toContain("unprivileged_userns_clone=1");
    expect(advice("kernel/apparmor_restrict_unprivileged_userns", "1")).toContain("AppArmor");
    expect(advice("user/max_user_namespaces", "100")).toContain("run as root");
  });
});

describe("versionIn", () => {
  it.each([
    ["nix-store (Nix) 2.34.8\n", "2.34.8"],
    ["unshare from util-linux 2.38.1", "2.38.1"],
    ["usage: mount.composefs SOURCE MOUNTPOINT", ""],
  ])("finds the version in %j", (text, version) => {
    expect(versionIn(text)).toBe(version);
  });
});

describe("viewChecks", () => {
  const works = { ok: true } as const;
  const broken = { ok: false, reason: "no", advice: "do this" } as const;

  it("is content with one kind of view and fails without any", () => {
    expect(viewChecks(works, works).map((check) => check.status)).toEqual(["ok", "ok"]);
    expect(viewChecks(broken, works).map((check) => check.status)).toEqual(["warn", "ok"]);
    expect(viewChecks(broken, broken).map((check) => check.status)).toEqual(["fail", "fail"]);
  });
});

describe("renderChecks", () => {
  const checks = [
    ok("kernel", "Linux 6.1"),
    warn("tool-x", "x is not on PATH", "install x"),
    fail("store", "no", "go"),
  ];

  it("puts advice below the check that needs it, and a verdict at the end", () => {
    expect(renderChecks(checks).split("\n")).toEqual([
      "ok    kernel  Linux 6.1",
      "warn  tool-x  x is not on PATH",
      "      -> install x",
      "FAIL  store   no",
      "      -> go",
      "",
      "1 check failed: niphas cannot work here yet.",
      "",
    ]);
  });

  it("tells health by failures alone", () => {
    expect(isHealthy(checks)).toBe(false);
    expect(isHealthy(checks.slice(0, 2))).toBe(true);
    expect(renderChecks(checks.slice(0, 2))).toContain("niphas works here; 1 check could be better.");
    expect(renderChecks(checks.slice(0, 1))).toContain("All is well.");
  });

  it("gives machines the same checks", () => {
    expect(JSON.parse(checksJson(checks))).toEqual({ checks });
  });
});
