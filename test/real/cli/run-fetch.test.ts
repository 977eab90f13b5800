import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { BinaryCacheServer, type TemporaryDirectory, TestStore, temporaryDirectory } from "@niphas/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { niphas, ORDINARY_UID, startCli, type UserKind } from "./cli.ts";
import { addPrograms, type ProgramClosure } from "./program-closure.ts";
import { writeFlake } from "./static-flake.ts";

describe.each<UserKind>(["root", "ordinary user"])("niphas run with an empty store as %s", (user) => {
  let directory: TemporaryDirectory;
  let source: TestStore;
  let programs: ProgramClosure;
  let cacheUrl = "";

  beforeAll(async () => {
    directory = temporaryDirectory("cli-fetch");
    chmodSync(directory.path, 0o755);
    mkdirSync(directory.join("user"));
    if (user === "ordinary user") chownSync(directory.join("user"), ORDINARY_UID, ORDINARY_UID);
    source = await TestStore.create(directory.join("source", "store"));
    programs = await addPrograms(source, directory.join("programs"));
    await source.copyToCache(directory.join("cache"), [programs.root]);
    cacheUrl = `file://${directory.join("cache")}`;
  });
  afterAll(async () => await directory[Symbol.asyncDispose]());

  const state = (name: string) => ["--state-dir", directory.join("user", name)];
  const as = () => ({ as: user, mountPoint: directory.join("repository"), cwd: "/" }) as const;
  const run = async (args: readonly string[]) => await niphas(["run", ...args], as());
  const program = () => [programs.root, "--entrypoint", "bin/sh", "--", "-c", "echo it runs"];

  it("fetches the closure from a binary cache whose key is trusted, and says so in plain lines", async () => {
    const flags = [...state("fetch"), "--substituter", cacheUrl, "--trusted-public-key", source.publicKey];
    const first = await run([...flags, ...program()]);
    expect(first).toMatchObject({ exitCode: 0, stdout: "it runs\n" });
    expect(first.stderr).toMatch(/^niphas: fetched 2 paths, [0-9.]+ MiB\n$/);
    const second = await run([...flags, ...program()]);
    expect(second).toMatchObject({ exitCode: 0, stdout: "it runs\n", stderr: "" });
  });

  it("shows a cache the credentials of --netrc-file", async () => {
    await using cache = await BinaryCacheServer.start(directory.join("cache"));
    cache.authorization = `Basic ${Buffer.from("reader:secret").toString("base64")}`;
    const netrc = directory.join("netrc");
    writeFileSync(netrc, "machine 127.0.0.1 login reader password secret\n");
    const flags = [...state("netrc"), "--substituter", cache.url, "--trusted-public-key", source.publicKey];
    const without = await run([...flags, ...program()]);
    expect(without).toMatchObject({ exitCode: 125, stdout: "" });
    expect(without.stderr).toContain(cache.url);
    expect(await run([...flags, "--netrc-file", netrc, ...program()])).toMatchObject({
      exitCode: 0,
      stdout: "it runs\n",
    });
  });

  it("refuses what no trusted key has signed", async () => {
    const result = await run([...state("untrusted"), "--substituter", cacheUrl, ...program()]);
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^niphas: .*(sign|trust|key)/);
  });

  it("stops Nix and exits with 143 when it is told to stop while it fetches", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : 0;
    const asked = new Promise((resolve) => silent.once("connection", resolve));
    await using cli = startCli(
      ["run", ...state("stopped"), "--substituter", `http://127.0.0.1:${port}`, ...program()],
      as(),
    );
    try {
      await asked;
      cli.kill("SIGTERM");
      expect((await cli.ended()).exitCode).toBe(143);
      expect(readdirSync(directory.join("user", "stopped", "store/nix/var/nix/gcroots/niphas-run"))).toEqual([]);
      expect(processesWith(directory.join("user", "stopped"))).toEqual([]);
    } finally {
      silent.close();
    }
  });

  it("evaluates and builds a flake and runs its main program", async () => {
    const flakeDir = directory.join("flake");
    writeFlake(flakeDir);
    const flags = [...state("flake"), "--substituter", cacheUrl];
    const result = await run([...flags, `path:${flakeDir}`, "--", "--version"]);
    expect(result.stderr).not.toMatch(/error|failed/);
    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^ldconfig \(/) });
  });

  it("says what is wrong with a flake", async () => {
    const result = await run([...state("flake"), "--quiet", `path:${directory.join("flake")}#none`]);
    expect(result).toMatchObject({ exitCode: 125, stdout: "" });
    expect(result.stderr).toMatch(/^niphas: .*none/);
  });
});

function processesWith(text: string): readonly string[] {
  const lines = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(text));
}
