import { readdirSync, symlinkSync } from "node:fs";
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
    await runCommand([process.execPath, join(REPOSITORY, "scripts/bundle.ts"), dist], { env: {} });
    // An image installs the one native module beside it.
    symlinkSync(join(REPOSITORY, "node_modules"), fixture.directory.join("installed", "node_modules"));
  });
  afterAll(async () => await fixture[Symbol.asyncDispose]());

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

  it("explains every command", async () => {
    const help = await bundled(["--help"]);
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    for (const name of ["run", "doctor", "closure", "csi", "version"]) {
      expect(help.stdout).toMatch(new RegExp(`\\n  ${name} `));
      const own = await bundled([name, "--help"]);
      expect(own).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Examples:") });
    }
  });

  it("refuses unknown flags of every command, once", async () => {
    for (const name of ["doctor", "closure", "csi", "version"]) {
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
