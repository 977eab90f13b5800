import { posix } from "node:path";
import { parseStorePath, STORE_DIR } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { viewContents } from "./view-contents.ts";

const hello = parseStorePath(`${STORE_DIR}/${"0".repeat(32)}-hello-1.0`);
const world = parseStorePath(`${STORE_DIR}/${"1".repeat(32)}-world`);
const sameName = parseStorePath(`${STORE_DIR}/${"2".repeat(32)}-world`);

describe("viewContents", () => {
  it("names each root without its hash, relative to the view", () => {
    expect(viewContents({ layout: "store", roots: [hello, world], links: [] })).toEqual({
      storeDir: "",
      directories: [".roots"],
      links: [
        { path: ".roots/hello-1.0", target: `../${"0".repeat(32)}-hello-1.0` },
        { path: ".roots/world", target: `../${"1".repeat(32)}-world` },
      ],
    });
  });

  it("puts the store below `store` and the first root at var/result in layout nix", () => {
    const contents = viewContents({ layout: "nix", roots: [hello], links: [] });
    expect(contents.storeDir).toBe("store");
    expect(contents.directories).toEqual(["store", "store/.roots", "var"]);
    expect(contents.links).toContainEqual({ path: "var/result", target: `../store/${"0".repeat(32)}-hello-1.0` });
  });

  it("leads from `nix` to the view itself in layout nix, for pods that mount it by subPath: nix", () => {
    expect(viewContents({ layout: "nix", roots: [hello], links: [] }).links).toContainEqual({
      path: "nix",
      target: ".",
    });
  });

  it.each(["store", "nix"] as const)("leads links inside the view wherever it is looked at, in layout %s", (layout) => {
    const links = [
      { name: "entrypoint", target: `${hello}/bin/hello` },
      { name: "bin/deep/hello", target: `${hello}/bin/hello` },
      { name: "ca.crt", target: world },
    ];
    const contents = viewContents({ layout, roots: [hello], links });
    const store = layout === "nix" ? "/anywhere/store" : "/anywhere";
    const resolved = contents.links
      .filter((link) => link.path.includes(".niphas/"))
      .map((link) => posix.join("/anywhere", posix.dirname(link.path), link.target));
    const base = hello.slice(STORE_DIR.length);
    expect(resolved).toEqual([
      `${store}${base}/bin/hello`,
      `${store}${world.slice(STORE_DIR.length)}`,
      `${store}${base}/bin/hello`,
    ]);
    expect(contents.directories).toContain(layout === "nix" ? "store/.niphas/bin/deep" : ".niphas/bin/deep");
  });

  it("makes no empty directories", () => {
    expect(viewContents({ layout: "store", roots: [], links: [] })).toEqual({
      storeDir: "",
      directories: [],
      links: [],
    });
  });

  it("refuses two roots of one name", () => {
    expect(() => viewContents({ layout: "store", roots: [world, sameName], links: [] })).toThrow(/same name/);
  });

  it("refuses a link that is also a directory", () => {
    const links = [
      { name: "bin", target: hello },
      { name: "bin/hello", target: hello },
    ];
    expect(() => viewContents({ layout: "store", roots: [hello], links })).toThrow(/same name/);
  });

  it.each([
    "",
    "/etc",
    "..",
    "a/../b",
    "a//b",
    "a/",
    ".hidden",
    "new\nline",
    "null\0",
  ])("refuses the link name %j", (name) => {
    expect(() => viewContents({ layout: "store", roots: [], links: [{ name, target: hello }] })).toThrow(/plain name/);
  });

  it.each(["/etc/passwd", `${hello}/../x`, "relative"])("refuses the link target %j", (target) => {
    expect(() => viewContents({ layout: "store", roots: [], links: [{ name: "x", target }] })).toThrow(/store/);
  });
});
