import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { directoryLine, escapeDumpField, fileLine, symlinkLine } from "./dump-lines.ts";

const anyBytes = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("latin1"));

describe("escapeDumpField", () => {
  it("leaves printing ASCII characters as they are", () => {
    expect(escapeDumpField("lib/python3.12/a=b~!.so")).toBe("lib/python3.12/a=b~!.so");
  });

  it("escapes spaces, newlines, backslashes and bytes that are not ASCII", () => {
    expect(escapeDumpField("a b\n\\\x00\x7f\xff")).toBe("a\\x20b\\x0a\\x5c\\x00\\x7f\\xff");
  });

  it("keeps any bytes on one line, in one field, and gives them back", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const escaped = escapeDumpField(bytes);
        expect(escaped).not.toMatch(/[^!-~]/);
        expect(unescapeField(escaped)).toBe(bytes);
      }),
    );
  });
});

describe("dump lines", () => {
  it("have the eleven fields of composefs-dump(5)", () => {
    expect(directoryLine("", 2)).toBe("/ 0 40555 4 0 0 0 1.0 - - -\n");
    expect(fileLine("store/h-a/bin/x", 7, 0o100555, "h-a/bin/x")).toBe(
      "/store/h-a/bin/x 7 100555 1 0 0 0 1.0 h-a/bin/x - -\n",
    );
    expect(symlinkLine("h-a/l", "../h-b")).toBe("/h-a/l 6 120777 1 0 0 0 1.0 ../h-b - -\n");
  });

  it("name no source for an empty file", () => {
    expect(fileLine("h-a", 0, 0o100444, "h-a")).toBe("/h-a 0 100444 1 0 0 0 1.0 - - -\n");
  });

  it("tell the link target `-` from no target", () => {
    expect(symlinkLine("l", "-")).toBe("/l 1 120777 1 0 0 0 1.0 \\x2d - -\n");
  });

  it("give a link's size in bytes, not in characters or escapes", () => {
    expect(symlinkLine("l", Buffer.from("ü ").toString("latin1"))).toBe(
      "/l 3 120777 1 0 0 0 1.0 \\xc3\\xbc\\x20 - -\n",
    );
  });
});

function unescapeField(field: string): string {
  return field.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
