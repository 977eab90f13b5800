import { symlinkSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { askedPath } from "./asked-path.ts";

const HASH = "vhjsz08idb0pjmp486slpxgfkkcbbp9z";
const PATH = `/nix/store/${HASH}-hello-2.12`;

describe("the path that a person asks about", () => {
  it.each([
    PATH,
    `${PATH}/bin/hello`,
    `${HASH}-hello-2.12`,
    `${HASH}-hello-2.12/bin/hello`,
    HASH,
    `${HASH}.narinfo`,
  ])("may be written as %s", (text) => {
    expect(askedPath(text)).toBe(HASH);
  });

  it("may be a link that leads to it", async () => {
    await using directory = temporaryDirectory("asked-path");
    const target = directory.join("nowhere");
    symlinkSync(PATH, target);
    expect(() => askedPath(target)).toThrow("a link to one");
    const existing = directory.join("file");
    symlinkSync("/etc/hostname", existing);
    expect(() => askedPath(existing)).toThrow("a link to one");
  });

  it.each([
    "",
    "hello",
    "/nix/store",
    "/nix/store/x",
    "/etc/passwd",
    `${HASH}x`,
    `../${HASH}-hello`,
    `/nix/store/../${HASH}-x`,
  ])("is not %s", (text) => {
    expect(() => askedPath(text)).toThrow(expect.objectContaining({ code: "InvalidStorePath" }));
  });
});
