import { parseStorePath } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { parseBind } from "./bind-spec.ts";
import { programEnvironment } from "./environment.ts";

const root = parseStorePath(`/nix/store/${"a".repeat(32)}-hello-2.12`);
const nothing = { host: {}, roots: [root], binds: [], requested: [] };

describe("programEnvironment", () => {
  it("holds only PATH and HOME when there is no terminal and no language", () => {
    expect(programEnvironment({ ...nothing, host: { SECRET: "x", PATH: "/usr/bin" } })).toEqual({
      PATH: "/nix/store/.roots/hello-2.12/bin",
      HOME: "/tmp",
    });
  });

  it("passes what describes the terminal and the language", () => {
    const host = { TERM: "xterm", LANG: "de_DE.UTF-8", LC_TIME: "C" };
    expect(programEnvironment({ ...nothing, host })).toMatchObject(host);
  });

  it("sets and passes what --env asks for, the last word winning", () => {
    const requested = ["A=1", "B", "C=x=y", "A=2", "PATH=/p", "EMPTY="];
    expect(programEnvironment({ ...nothing, host: { B: "from host" }, requested })).toMatchObject({
      A: "2",
      B: "from host",
      C: "x=y",
      PATH: "/p",
      EMPTY: "",
    });
  });

  it("leaves out a variable to pass that has no value here", () => {
    expect(programEnvironment({ ...nothing, requested: ["GONE"] })).not.toHaveProperty("GONE");
  });

  it("keeps HOME when a bind shows it, or a directory around it", () => {
    const host = { HOME: "/home/me" };
    const home = (bind: string) => programEnvironment({ ...nothing, host, binds: [parseBind(bind, "/")] })["HOME"];
    expect(home("/home/me")).toBe("/home/me");
    expect(home("/home")).toBe("/home/me");
    expect(home("/home/me/app")).toBe("/tmp");
    expect(home("/home/men")).toBe("/tmp");
  });

  it.each(["", "=x", "A\0B=1"])("refuses --env %j", (text) => {
    expect(() => programEnvironment({ ...nothing, requested: [text] })).toThrow(/--env takes/);
  });
});
