import { type TemporaryDirectory, TestStore, temporaryDirectory } from "@niphas/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { niphas } from "./cli.ts";
import { addPrograms, type ProgramClosure } from "./program-closure.ts";

let directory: TemporaryDirectory;
let store: TestStore;
let programs: ProgramClosure;
beforeAll(async () => {
  directory = temporaryDirectory("cli-tools");
  store = await TestStore.create(directory.join("store"));
  programs = await addPrograms(store, directory.join("programs"));
});
afterAll(async () => await directory[Symbol.asyncDispose]());

const flags = () => ["--store", store.location.rootDir, "--state-dir", directory.join("state")];

describe("niphas closure", () => {
  it("tells size, count, largest paths and tree", async () => {
    const { exitCode, stdout, stderr } = await niphas([
      "closure",
      programs.root,
      ...flags(),
      "--tree",
      "--largest",
      "1",
    ]);
    expect([exitCode, stderr]).toEqual([0, ""]);
    const lines = stdout.split("\n");
    expect(lines[0]).toBe(programs.root);
    expect(lines[1]).toMatch(/^2 paths, [0-9.]+ MiB$/);
    expect(lines[3]).toMatch(/-tools-1\.0 \(/);
    expect(lines[4]).toMatch(/^└── [0-9a-z]{32}-libc-1\.0 \(/);
    expect(lines[6]).toMatch(/^ *OWN SIZE +WITH CLOSURE +PATH$/);
    expect(lines[7]?.split(/ {2,}/).at(-1)).toBe(programs.libc);
  });

  it("gives machines the same in bytes as Nix knows them", async () => {
    const { stdout } = await niphas(["closure", programs.root, ...flags(), "--json"]);
    const report = JSON.parse(stdout);
    const sizes = await store.nixStore([
      "--query",
      "--size",
      ...report.paths.map((each: { path: string }) => each.path),
    ]);
    expect(report.paths.map((each: { narSizeBytes: number }) => String(each.narSizeBytes))).toEqual(
      sizes.stdout.trim().split("\n"),
    );
    expect(report).toMatchObject({ root: programs.root, pathCount: 2 });
    expect(report.narSizeBytes).toBe(report.paths[0].narSizeBytes + report.paths[1].narSizeBytes);
  });

  it("says that a path is not there with exit code 4, in words or as JSON", async () => {
    const none = `/nix/store/${"0".repeat(32)}-none`;
    const inWords = await niphas(["closure", none, ...flags()]);
    expect(inWords).toMatchObject({
      exitCode: 4,
      stdout: "",
      stderr: expect.stringMatching(/^niphas: .*-none is not in/),
    });
    const asJson = await niphas(["closure", none, ...flags(), "--json"]);
    expect(asJson).toMatchObject({ exitCode: 4, stderr: "" });
    expect(JSON.parse(asJson.stdout)).toMatchObject({ error: { code: "PathNotFound", kind: "notFound" } });
  });
});
