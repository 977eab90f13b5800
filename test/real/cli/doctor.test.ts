import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { type TemporaryDirectory, TestStore, temporaryDirectory } from "@niphas/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { niphas } from "./cli.ts";

let directory: TemporaryDirectory;
beforeAll(async () => {
  directory = temporaryDirectory("cli-tools");
  await TestStore.create(directory.join("store"));
  mkdirSync(directory.join("private"));
});
afterAll(async () => await directory[Symbol.asyncDispose]());

const flags = () => ["--store", directory.join("store"), "--state-dir", directory.join("state")];

describe("niphas doctor", () => {
  const doctor = async (args: readonly string[]) => {
    const result = await niphas(["doctor", "--json", ...flags(), "--substituter", "file:///dev/null/none", ...args]);
    const { checks } = JSON.parse(result.stdout);
    return { ...result, find: (id: string) => checks.find((check: { id: string }) => check.id === id) };
  };

  it("finds this machine fit, and changes nothing on it", async () => {
    const { exitCode, find } = await doctor([]);
    expect(exitCode).toBe(0);
    for (const id of ["kernel", "namespaces", "tool-nix-store", "nix-version", "store", "keys", "view-tree"]) {
      expect(find(id)).toMatchObject({ status: "ok", advice: "" });
    }
    expect(find("substituter-file")).toMatchObject({ status: "warn" });
    expect(existsSync(directory.join("state"))).toBe(false);
    expect(readdirSync(directory.path).sort()).toEqual(["nix-scratch", "private", "store"]);
  });

  it("fails with exit code 1 and advice for a wrong key and a kubelet directory that is not there", async () => {
    const { exitCode, find } = await doctor(["--trusted-public-key", "x:y", "--kubelet-dir", "/nonexistent"]);
    expect(exitCode).toBe(1);
    for (const id of ["keys", "kubelet-dir"]) {
      expect(find(id)).toMatchObject({ status: "fail", advice: expect.stringMatching(/./) });
    }
  });

  it("measures the space where the store is, not where the state is", async () => {
    const dir = directory.join("private");
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=7m", "niphas-test", dir]);
    try {
      const { find } = await doctor(["--store", `${dir}/store`]);
      expect(find("disk-space").message).toMatch(/^7\.0 MiB \(100 %\)/);
    } finally {
      execFileSync("umount", [dir]);
    }
  });

  it("asks for the tools that views need, and no others", async () => {
    const { checks } = JSON.parse((await doctor([])).stdout);
    const tools = checks.map((check: { id: string }) => check.id).filter((id: string) => id.startsWith("tool-"));
    expect(tools).toEqual(["tool-nix-store", "tool-unshare", "tool-mount.composefs"]);
  });

  it("tells a private kubelet directory from a shared one", async () => {
    const dir = directory.join("private");
    expect((await doctor(["--kubelet-dir", dir])).find("kubelet-dir")).toMatchObject({ status: "fail" });
  });

  it("prints a table with a verdict for people", async () => {
    const { stdout } = await niphas(["doctor", ...flags(), "--substituter", "file:///dev/null/none"]);
    expect(stdout).toMatch(/^ok {4}kernel +Linux /);
    expect(stdout).toMatch(/-> give a directory that `nix copy/);
    expect(stdout).toMatch(/\nniphas works here; \d+ checks? could be better\.\n$/);
  });
});
