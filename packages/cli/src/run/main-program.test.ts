import { parseStorePath } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { chooseMainProgram, type MainProgramInput, packageNameOf } from "./main-program.ts";
import type { StoreFileKind, StoreFiles } from "./store-files.ts";

const root = parseStorePath(`/nix/store/${"a".repeat(32)}-hello-world-2.12`);
const other = `/nix/store/${"b".repeat(32)}-other/bin/tool`;
const nothing: MainProgramInput = {
  roots: [root],
  subPath: "",
  entrypoint: undefined,
  mainProgram: undefined,
  packageName: undefined,
};

function files(kinds: Readonly<Record<string, StoreFileKind>>): StoreFiles {
  const names = Object.keys(kinds);
  return {
    kindOf: (path) => kinds[path.replace(`${root}/`, "").replace(root, ".")] ?? "missing",
    list: (path) =>
      path === `${root}/bin` ? names.filter((name) => name.startsWith("bin/")).map((name) => name.slice(4)) : [],
  };
}

describe("chooseMainProgram", () => {
  const two = files({ "bin/a": "executable", "bin/hello-world": "executable", "lib/run": "executable" });

  it("takes --entrypoint before all else, in the root or elsewhere in the store", () => {
    const input = { ...nothing, mainProgram: "hello-world", subPath: "bin/a" };
    expect(chooseMainProgram({ ...input, entrypoint: "lib/run" }, two)).toBe(`${root}/lib/run`);
    expect(chooseMainProgram({ ...input, entrypoint: other }, files({ [other]: "executable" }))).toBe(other);
  });

  it("takes the path that was named, then meta.mainProgram", () => {
    expect(chooseMainProgram({ ...nothing, subPath: "bin/a", mainProgram: "x" }, two)).toBe(`${root}/bin/a`);
    expect(chooseMainProgram({ ...nothing, mainProgram: "a" }, two)).toBe(`${root}/bin/a`);
  });

  it("takes the root itself when that is a program", () => {
    expect(chooseMainProgram(nothing, files({ ".": "executable" }))).toBe(root);
  });

  it("takes the program with the package's name, from the flake or from the path", () => {
    expect(chooseMainProgram(nothing, two)).toBe(`${root}/bin/hello-world`);
    expect(chooseMainProgram({ ...nothing, packageName: "a" }, two)).toBe(`${root}/bin/a`);
  });

  it("takes the only program in bin/, not counting what wrappers wrap and what is no program", () => {
    const one = files({ "bin/.x-wrapped": "executable", "bin/README": "file", "bin/x": "executable" });
    expect(chooseMainProgram(nothing, one)).toBe(`${root}/bin/x`);
  });

  it("looks into every output of a package", () => {
    const man = parseStorePath(`/nix/store/${"c".repeat(32)}-hello-world-2.12-man`);
    expect(chooseMainProgram({ ...nothing, roots: [man, root] }, two)).toBe(`${root}/bin/hello-world`);
    expect(chooseMainProgram({ ...nothing, roots: [man, root], mainProgram: "a" }, two)).toBe(`${root}/bin/a`);
  });

  it("lists what there is when it cannot choose", () => {
    const many = files({ "bin/a": "executable", "bin/b": "executable" });
    expect(() => chooseMainProgram(nothing, many)).toThrow(/--entrypoint; there is bin\/a, bin\/b/);
    expect(() => chooseMainProgram(nothing, files({}))).toThrow(/no program in bin\/: name one with --entrypoint/);
  });

  it("tells what is not there from what cannot be executed", () => {
    const one = files({ "bin/x": "executable", "bin/data": "file", share: "directory" });
    const choose = (entrypoint: string) => () => chooseMainProgram({ ...nothing, entrypoint }, one);
    expect(choose("bin/y")).toThrow(expect.objectContaining({ code: "ProgramNotFound" }));
    expect(choose("bin/data")).toThrow(expect.objectContaining({ code: "ProgramNotExecutable" }));
    expect(choose("share")).toThrow(/is a directory; there is bin\/x/);
  });

  it.each(["../x", "bin/../../x", "/etc/passwd", "bin//x"])("refuses the entrypoint %s", (entrypoint) => {
    expect(() => chooseMainProgram({ ...nothing, entrypoint }, two)).toThrow(/not a path inside the Nix store/);
  });
});

describe("packageNameOf", () => {
  it.each([
    ["hello-2.12", "hello"],
    ["hello-world-2.12-beta", "hello-world"],
    ["python3-3.11.2", "python3"],
    ["source", "source"],
    ["a-b", "a-b"],
  ])("reads %s as %s", (name, expected) => {
    expect(packageNameOf(parseStorePath(`/nix/store/${"a".repeat(32)}-${name}`))).toBe(expected);
  });
});
