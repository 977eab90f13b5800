import { describe, expect, it } from "vitest";
import { readOptions, UsageError } from "./options.ts";

const read = (...argv: string[]) => readOptions(argv, "/repository/dist/images");

describe("options of npm run images", () => {
  it("build all images, with the cache, into dist/images, by default", () => {
    expect(read()).toEqual({
      names: ["node", "control", "stub"],
      tag: undefined,
      pushTo: undefined,
      isPlainHttp: false,
      engine: undefined,
      base: undefined,
      useCache: true,
      outputDir: "/repository/dist/images",
      wantsHelp: false,
    });
  });

  it("name some images, in whatever order", () => {
    expect(read("--only", "stub,node").names).toEqual(["node", "stub"]);
  });

  it("take a registry with or without a slash at the end", () => {
    expect(read("--push", "registry.example/niphas/").pushTo).toBe("registry.example/niphas");
    expect(read("--push", "registry.example/niphas").pushTo).toBe("registry.example/niphas");
  });

  it.each([
    [["--only", "nodes"], "no image nodes; there are: node, control, stub"],
    [["--tag", "a tag"], "--tag must be an OCI tag, such as 0.1.0"],
    [["--engine", "podman"], "--engine must be buildah or docker"],
    [["--wrong"], "Unknown option '--wrong'"],
    [["node"], "Unexpected argument 'node'"],
  ])("are refused with a reason: %j", (argv, message) => {
    expect(() => read(...argv)).toThrow(UsageError);
    expect(() => read(...argv)).toThrow(message);
  });
});
