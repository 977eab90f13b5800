import { isNiphasError } from "@niphas/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MountEntry } from "../ports.ts";
import { escapeMountField, isDeleted, isSharedMount, parseMountinfo, rootDirectory } from "./mountinfo.ts";

describe("parseMountinfo", () => {
  it("reads the example of the manual page", () => {
    const text = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n";
    expect(parseMountinfo(text)).toEqual([
      {
        mountId: 36,
        parentId: 35,
        device: "98:0",
        root: "/mnt1",
        mountPoint: "/mnt2",
        options: ["rw", "noatime"],
        fileSystemType: "ext3",
        source: "/dev/root",
      },
    ]);
  });

  it("reads lines with no and with several optional fields", () => {
    const text = "1 0 0:1 / /a ro - tmpfs tmpfs ro\n2 1 0:2 / /b rw shared:1 master:2 unbindable - proc - rw\n";
    expect(parseMountinfo(text).map((entry) => entry.fileSystemType)).toEqual(["tmpfs", "proc"]);
  });

  it("decodes octal escapes once, also an escaped backslash", () => {
    const [entry] = parseMountinfo("1 0 0:1 /a\\040b\\134040 /t\\011n\\012 rw - ext4 /dev/x\\043 rw\n");
    expect(entry).toMatchObject({ root: "/a b\\040", mountPoint: "/t\tn\n", source: "/dev/x#" });
  });

  it("reads a mount whose source is empty", () => {
    expect(parseMountinfo("1 0 0:1 / /a rw - tmpfs  rw\n")).toMatchObject([{ source: "" }]);
  });

  it("tells a removed directory from one that is there", () => {
    const [gone, there] = parseMountinfo(
      "1 0 8:1 /views/k/root//deleted /a rw - ext4 x rw\n2 0 8:1 /views/k /b rw - ext4 x rw\n",
    );
    expect(gone && { isDeleted: isDeleted(gone), root: rootDirectory(gone) }).toEqual({
      isDeleted: true,
      root: "/views/k/root",
    });
    expect(there && { isDeleted: isDeleted(there), root: rootDirectory(there) }).toEqual({
      isDeleted: false,
      root: "/views/k",
    });
  });

  it("refuses a line of unknown format instead of leaving a mount out", () => {
    expect(() => parseMountinfo("1 0 8:1 / /a rw ext4 x rw\n")).toThrow(/mount table/);
    expect(() => parseMountinfo("one 0 8:1 / /a rw - ext4 x rw\n")).toThrow(/mount table/);
  });

  it("gives back every entry that was written in the kernel's way", () => {
    const field = fc.string({
      unit: fc.constantFrom("a", " ", "\t", "\n", "\\", "#", "0", "4", "ü", "-"),
      minLength: 1,
    });
    const path = field.map((text) => `/${text}`);
    const entry = fc.record({
      mountId: fc.nat(),
      parentId: fc.nat(),
      device: fc.tuple(fc.nat(4095), fc.nat(1_048_575)).map(([major, minor]) => `${major}:${minor}`),
      root: path,
      mountPoint: path,
      options: fc.array(fc.constantFrom("rw", "ro", "nosuid", "nodev"), { minLength: 1 }),
      fileSystemType: fc.constantFrom("ext4", "overlay", "fuse.x"),
      source: field,
    });
    const optional = fc.array(fc.constantFrom("shared:1", "master:22", "propagate_from:3", "unbindable"));
    fc.assert(
      fc.property(fc.array(fc.tuple(entry, optional)), (rows) => {
        const text = rows.map(([each, fields]) => formatEntry(each, fields)).join("");
        expect(parseMountinfo(text)).toEqual(rows.map(([each]) => each));
      }),
    );
  });

  it("fails on arbitrary text only with its own error", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          parseMountinfo(text);
        } catch (error) {
          expect(isNiphasError(error)).toBe(true);
        }
      }),
    );
  });
});

function formatEntry(entry: MountEntry, optionalFields: readonly string[]): string {
  const paths = [entry.root, entry.mountPoint].map(escapeMountField);
  const before = [entry.mountId, entry.parentId, entry.device, ...paths, entry.options.join(","), ...optionalFields];
  return `${before.join(" ")} - ${entry.fileSystemType} ${escapeMountField(entry.source)} rw\n`;
}

describe("isSharedMount", () => {
  const table = [
    "1 0 8:1 / / rw shared:1 - ext4 x rw",
    "2 1 0:5 / /tmp rw - tmpfs x rw",
    "3 2 0:6 / /tmp/under rw master:4 - tmpfs x rw",
    "4 2 0:6 / /tmp/peer rw shared:9 master:4 - tmpfs x rw",
    "5 4 0:7 / /tmp/peer rw - tmpfs x rw",
  ].join("\n");

  it.each([
    ["/home", true],
    ["/tmp/x", false],
    ["/tmpfile", true],
    ["/tmp/under/x", false],
    ["/tmp/peer/x", false],
  ])("looks at the mount that holds %s", (path, expected) => {
    expect(isSharedMount(table, path)).toBe(expected);
  });

  it("takes an unknown place for a shared one", () => {
    expect(isSharedMount("", "/x")).toBe(true);
  });
});
