import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LocalFiles } from "./local-files.ts";
import { readText } from "./read-text.ts";

const { signal: never } = new AbortController();

async function rig() {
  const directory = temporaryDirectory("local-files");
  mkdirSync(directory.join("cache/nar"), { recursive: true });
  writeFileSync(directory.join("cache/nar/a.nar"), "0123456789");
  writeFileSync(directory.join("secret"), "canary");
  const files = new LocalFiles({ name: "file:///cache", directory: directory.join("cache") });
  const read = async (file: string, start = 0) => {
    await using opened = await files.open(file, start, never);
    return opened === undefined ? undefined : await readText(opened.body, "test", 1000);
  };
  return { directory, files, read, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

describe("files of a cache directory", () => {
  it("are read from any byte on", async () => {
    await using test = await rig();
    expect(await test.read("nar/a.nar")).toBe("0123456789");
    expect(await test.read("nar/a.nar", 7)).toBe("789");
    expect(await test.read("nar/b.nar")).toBeUndefined();
    expect(await test.read("nar/a.nar/b")).toBeUndefined();
    await expect(test.read("nar/a.nar", 11)).rejects.toMatchObject({ code: "BadBytes" });
  });

  it("are files: no directory, and no pipe that would hold us up", async () => {
    await using test = await rig();
    execFileSync("mkfifo", [test.directory.join("cache/pipe")]);
    await expect(test.read("nar")).rejects.toMatchObject({ code: "SubstituterUnavailable" });
    await expect(test.read("pipe")).rejects.toMatchObject({ code: "SubstituterUnavailable" });
  });

  it("are never outside of it, whatever they are called", async () => {
    await using test = await rig();
    for (const name of ["../secret", "nar/../../secret", "/etc/passwd", "file:///etc/passwd", "a\0b"]) {
      await expect(test.read(name)).rejects.toMatchObject({ code: "BadBytes" });
    }
    const name = fc.array(fc.constantFrom("..", ".", "/", "nar", "secret", "a.nar", "?", "%2e", "\\"), {
      maxLength: 8,
    });
    const property = fc.asyncProperty(name, async (parts) => {
      const text = await test.read(parts.join("")).catch(() => undefined);
      expect(text).not.toBe("canary");
    });
    await fc.assert(property);
  });
});
