import fc from "fast-check";
import { expect, it } from "vitest";
import { parseMountTable, readMountTable } from "./mount-table.ts";

it("reads a line with optional fields and escaped blanks", () => {
  const line = "36 35 98:0 /mnt1 /a\\040dir/mount rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n";
  expect(parseMountTable(line)).toEqual([
    {
      mountId: 36,
      parentId: 35,
      device: "98:0",
      root: "/mnt1",
      mountPoint: "/a dir/mount",
      options: ["rw", "noatime"],
      fileSystemType: "ext3",
      source: "/dev/root",
    },
  ]);
});

it("reads this machine's own table", () => {
  expect(readMountTable().map((entry) => entry.mountPoint)).toContain("/");
});

it("never throws, whatever the text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => parseMountTable(text).length >= 0));
});
