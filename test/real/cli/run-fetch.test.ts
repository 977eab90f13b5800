import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { type TemporaryDirectory, TestStore, temporaryDirectory } from "@niphas/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { niphas, startCli } from "./cli.ts";
import { addPrograms, librariesOf, type ProgramClosure } from "./program-closure.ts";

describe("niphas run with an empty store", () => {
  let directory: TemporaryDirectory;
  let source: TestStore;
  let programs: ProgramClosure;
  let cacheUrl = "";

  beforeAll(async () => {
    directory = temporaryDirectory("cli-fetch");
    source = await TestStore.create(directory.join("source", "store"));
    programs = await addPrograms(source, directory.join("programs"));
    await source.copyToCache(directory.join("cache"), [programs.root]);
    cacheUrl = `file://${directory.join("cache")}`;
  });
  afterAll(async () => await directory[Symbol.asyncDispose]());

  const state = (name: string) => ["--state-dir", directory.join(name), "--store", directory.join(name, "store")];
  const program = () => [programs.root, "--entrypoint", "bin/sh", "--", "-c", "echo it runs"];

  it("fetches the closure from a binary cache whose key is trusted, and says so in plain lines", async () => {
    const flags = [...state("fetch"), "--substituter", cacheUrl, "--trusted-public-key", source.publicKey];
    const first = await niphas(["run", ...flags, ...program()]);
    expect(first).toMatchObject({ exitCode: 0, stdout: "it runs\n" });
    expect(first.stderr).toMatch(/^niphas: fetched 2 paths, [0-9.]+ MiB\n$/);
    const second = await niphas(["run", ...flags, ...program()]);
    expect(second).toMatchObject({ exitCode: 0, stdout: "it runs\n", stderr: "" });
  });

  it("refuses what no trusted key has signed", async () => {
    const result = await niphas(["run", ...state("untrusted"), "--substituter", cacheUrl, ...program()]);
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^niphas: .*(sign|trust|key)/);
  });

  it("stops Nix and exits with 143 when it is told to stop while it fetches", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : 0;
    const asked = new Promise((resolve) => silent.once("connection", resolve));
    const cli = startCli(["run", ...state("stopped"), "--substituter", `http://127.0.0.1:${port}`, ...program()]);
    try {
      await asked;
      cli.child.kill("SIGTERM");
      expect((await cli.ended()).exitCode).toBe(143);
      expect(readdirSync(directory.join("stopped", "store/nix/var/nix/gcroots/niphas-run"))).toEqual([]);
      expect(processesWith(directory.join("stopped"))).toEqual([]);
    } finally {
      cli.child.kill("SIGKILL");
      silent.close();
    }
  });

  it("evaluates and builds a flake and runs its main program", async () => {
    const flakeDir = directory.join("flake");
    writeFlake(flakeDir);
    const flags = [...state("flake"), "--substituter", cacheUrl];
    const result = await niphas(["run", ...flags, `path:${flakeDir}`, "--", "--version"]);
    expect(result.stderr).not.toContain("error");
    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^ldconfig \(/) });
  });

  it("says what is wrong with a flake", async () => {
    const result = await niphas(["run", ...state("flake"), "--quiet", `path:${directory.join("flake")}#none`]);
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^niphas: .*none/);
  });
});

/** A flake without inputs. Its builder is the loader with a shell; its program is ldconfig, which is static. */
function writeFlake(dir: string): void {
  const files = join(dir, "files");
  for (const name of ["bin", "lib"]) mkdirSync(join(files, name), { recursive: true });
  const tools = ["/bin/bash", "/bin/mkdir", "/bin/cp"];
  for (const tool of tools) copyFileSync(tool, join(files, "bin", basename(tool)));
  for (const library of librariesOf(tools)) copyFileSync(library, join(files, "lib", basename(library)));
  copyFileSync("/sbin/ldconfig", join(files, "program"));
  const loader = readdirSync(join(files, "lib")).find((name) => name.startsWith("ld-linux"));
  const system = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;
  const script = ["mkdir -p $out/bin", "cp $program $out/bin/shown", "cp $program $out/bin/other"]
    .map((line) => `$loader --library-path $lib $tools/${line}`)
    .join("; ");
  writeFileSync(
    join(dir, "flake.nix"),
    `{
  outputs = { self }: {
    packages.${system}.default = derivation {
      name = "shown-in-test-1.0";
      system = "${system}";
      loader = "\${./files}/lib/${loader}";
      lib = "\${./files}/lib";
      tools = "\${./files}/bin";
      program = "\${./files}/program";
      builder = "\${./files}/lib/${loader}";
      args = [ "--library-path" "\${./files}/lib" "\${./files}/bin/bash" "-c" "${script}" ];
    } // { meta.mainProgram = "shown"; };
  };
}
`,
  );
}

function processesWith(text: string): readonly string[] {
  const lines = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(text));
}
