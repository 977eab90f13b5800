import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@niphas/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunFixture } from "./run-fixture.ts";

const REPOSITORY = join(import.meta.dirname, "../../..");

describe("the bundle", () => {
  let fixture: RunFixture;
  let dist = "";

  beforeAll(async () => {
    fixture = await RunFixture.create("root");
    dist = fixture.directory.join("installed", "dist");
    await makeBundle(dist);
    // An image installs the one native module beside it.
    symlinkSync(join(REPOSITORY, "node_modules"), fixture.directory.join("installed", "node_modules"));
  });
  afterAll(async () => await fixture[Symbol.asyncDispose]());

  const makeBundle = async (dir: string) =>
    await runCommand([process.execPath, join(REPOSITORY, "scripts/bundle.ts"), dir], { env: {}, allowFailure: true });

  const bundled = async (args: readonly string[]) =>
    await runCommand([process.execPath, join(dist, "niphas.js"), ...args], {
      env: { PATH: process.env["PATH"], HOME: "/nonexistent" },
      allowFailure: true,
    });

  it("holds the program, the threads' files and the protocols, and no source", () => {
    const names = readdirSync(dist);
    expect(names).toEqual(expect.arrayContaining(["niphas.js", "enter-root.js", "tree-worker.js", "proto"]));
    expect(names.filter((name) => name.endsWith(".ts"))).toEqual([]);
  });

  it("takes the place of an older bundle or of nothing, and of no other files", async () => {
    writeFileSync(join(dist, "left-over.js"), "");
    expect(await makeBundle(dist)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(readdirSync(dist)).not.toContain("left-over.js");
    const mine = fixture.directory.join("mine");
    mkdirSync(mine);
    writeFileSync(join(mine, "thesis.txt"), "");
    const message = `bundle: ${mine} holds files but no bundle: give an empty directory or a new one\n`;
    expect(await makeBundle(mine)).toMatchObject({ exitCode: 1, stderr: message });
    expect(readdirSync(mine)).toEqual(["thesis.txt"]);
  });

  it("explains every command", async () => {
    const help = await bundled(["--help"]);
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    for (const name of ["run", "doctor", "closure", "csi", "controller", "uninstall", "clean-node", "version"]) {
      expect(help.stdout).toMatch(new RegExp(`\\n  ${name} `));
      const own = await bundled([name, "--help"]);
      expect(own).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Examples:") });
    }
  });

  it("refuses unknown flags of every command, once", async () => {
    for (const name of ["doctor", "closure", "csi", "controller", "clean-node", "version"]) {
      const result = await bundled([name, "--no-such-flag"]);
      expect(result).toMatchObject({ exitCode: 2, stdout: "" });
      expect(result.stderr).toMatch(
        new RegExp(`^niphas: [^\\n]*--no-such-flag[^\\n]*niphas ${name} --help[^\\n]*\\n$`),
      );
    }
  });

  it("runs a program in a view that its own threads built", async () => {
    const args = [fixture.programs.root, "--entrypoint", "bin/sh", "--", "-c", "echo it runs; exit 3"];
    const result = await bundled(fixture.runArguments(args));
    expect(result).toEqual({ exitCode: 3, stdout: "it runs\n", stderr: "" });
    expect(fixture.leftovers()).toEqual([]);
  });
});
