import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { needs, temporaryDirectory } from "@niphas/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { directoryEntries } from "./directory-entries.ts";
import { type TarEntry, tarArchive } from "./tar.ts";

const LONG_NAME = `${"directory/".repeat(12)}${"x".repeat(120)}`;

const ENTRIES: readonly TarEntry[] = [
  { type: "directory", path: "etc" },
  { type: "file", path: "etc/passwd", content: "root:x:0:0\n", mode: 0o600, uid: 65532, gid: 65532 },
  { type: "file", path: "empty", content: "" },
  { type: "file", path: "block", content: "y".repeat(512) },
  { type: "symlink", path: "bin/sh", target: "busybox" },
  { type: "symlink", path: "link", target: LONG_NAME },
  { type: "file", path: LONG_NAME, content: "found" },
];

function tar(args: readonly string[], input: Buffer): string {
  return spawnSync("tar", args, { input, env: { ...process.env, TZ: "UTC" } }).stdout.toString();
}

async function archive(entries: Iterable<TarEntry>): Promise<Buffer> {
  return buffer(tarArchive(entries));
}

describe("tarArchive", () => {
  beforeEach((context) => needs(context, "tar"));

  it("is read by tar as it was meant", async () => {
    const lines = tar(["--list", "--verbose", "--numeric-owner", "--full-time", "--file=-"], await archive(ENTRIES));
    expect(
      lines
        .trim()
        .split("\n")
        .map((line) => line.replace(/ +/g, " ")),
    ).toEqual([
      "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 etc/",
      "-rw------- 65532/65532 11 1970-01-01 00:00:00 etc/passwd",
      "-rw-r--r-- 0/0 0 1970-01-01 00:00:00 empty",
      "-rw-r--r-- 0/0 512 1970-01-01 00:00:00 block",
      "lrw-r--r-- 0/0 0 1970-01-01 00:00:00 bin/sh -> busybox",
      `lrw-r--r-- 0/0 0 1970-01-01 00:00:00 link -> ${LONG_NAME}`,
      `-rw-r--r-- 0/0 5 1970-01-01 00:00:00 ${LONG_NAME}`,
    ]);
  });

  it("keeps the bytes of files", async () => {
    const bytes = await archive(ENTRIES);
    expect(tar(["--extract", "--to-stdout", "--file=-", "etc/passwd"], bytes)).toBe("root:x:0:0\n");
    expect(tar(["--extract", "--to-stdout", "--file=-", LONG_NAME], bytes)).toBe("found");
  });

  it("gives the same bytes for the same entries", async () => {
    expect((await archive(ENTRIES)).equals(await archive(ENTRIES))).toBe(true);
  });
});

describe("directoryEntries", () => {
  beforeEach((context) => needs(context, "tar"));

  it("lists a tree sorted, with its modes and links", async () => {
    await using directory = temporaryDirectory("tar");
    mkdirSync(directory.join("b"), { mode: 0o700 });
    writeFileSync(directory.join("b", "program"), "run", { mode: 0o755 });
    symlinkSync("b/program", directory.join("a"));
    const entries = [...directoryEntries(directory.path, "nix/store/x")];
    expect(entries.map((entry) => [entry.type, entry.path])).toEqual([
      ["directory", "nix/store/x"],
      ["symlink", "nix/store/x/a"],
      ["directory", "nix/store/x/b"],
      ["file", "nix/store/x/b/program"],
    ]);
    expect(entries[3]).toMatchObject({ mode: 0o755 });
    expect(tar(["--extract", "--to-stdout", "--file=-", "nix/store/x/b/program"], await archive(entries))).toBe("run");
  });
});
