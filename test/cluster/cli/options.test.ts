import { describe, expect, it } from "vitest";
import { parseCommandLine, UsageError } from "./options.ts";

describe("parseCommandLine", () => {
  it("has defaults", () => {
    expect(parseCommandLine(["up"])).toMatchObject({ command: "up", name: "niphas", nodes: 3, kubernetes: undefined });
  });

  it("reads options before and after arguments", () => {
    const options = parseCommandLine(["load-image", "--name", "a", "file.tar", "--node", "node-1", "--node=node-2"]);
    expect(options).toMatchObject({ name: "a", rest: ["file.tar"], onNodes: ["node-1", "node-2"] });
  });

  it("passes kubectl's own options on", () => {
    expect(parseCommandLine(["kubectl", "get", "pods", "--name", "x", "-A"])).toMatchObject({
      name: "niphas",
      rest: ["get", "pods", "--name", "x", "-A"],
    });
    expect(parseCommandLine(["kubectl", "--name", "a", "get", "pods", "--help"])).toMatchObject({
      name: "a",
      rest: ["get", "pods", "--help"],
    });
  });

  it("passes on what follows -- to the node", () => {
    expect(parseCommandLine(["node-exec", "node-1", "--name=a", "--", "ls", "--json"])).toMatchObject({
      name: "a",
      isJson: false,
      rest: ["node-1", "ls", "--json"],
    });
  });

  it("shows help when asked", () => {
    expect([[], ["--help"], ["up", "--help"]].map(parseCommandLine)).toEqual([undefined, undefined, undefined]);
  });

  it.each([
    [["start"]],
    [["up", "--nodes", "many"]],
    [["up", "--nodes", "-1"]],
    [["up", "--node-count", "1"]],
  ])("refuses %j", (argv) => {
    expect(() => parseCommandLine(argv)).toThrow(UsageError);
  });
});
