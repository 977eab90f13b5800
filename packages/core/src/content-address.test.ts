import { describe, expect, it } from "vitest";
import { type AddressedPathInfo, isContentAddressed } from "./content-address.ts";
import { parseStorePath } from "./store-path.ts";

const TEXT = "/nix/store/sb1dhjrwb4mxvmncxxprdr9c1pdf3ybd-text.txt";
const SELF = "/nix/store/l7r00kmh8pjp6pd0576q2pfkxp6c5byd-self";

/** What Nix 2.8 keeps of paths that `--add`, `--add-fixed`, `builtins.toFile` and `make-content-addressed` made. */
const MADE_BY_NIX: readonly (readonly [
  what: string,
  path: string,
  contentAddress: string,
  references: readonly string[],
])[] = [
  [
    "a directory",
    "/nix/store/5ycan995zs3vp29312xci1qgqx4clcd8-src",
    "fixed:r:sha256:1jis19x64zcd8vyhsx5i6zz204xk6lskvs0a64a18gxazyap7f32",
    [],
  ],
  [
    "a flat file",
    "/nix/store/rkf79g8l9nv68w00j1z80zjn9aw7szx3-flat.txt",
    "fixed:sha256:1xk2hhjr0f2n4adj1h688wlz59xpl86y1r8bd2pjasg8gy16mikb",
    [],
  ],
  ["a text", TEXT, "text:sha256:094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic", []],
  [
    "a text with a reference",
    "/nix/store/0m22ba5lypcjc0b02hl3wxhajraz0n3m-ref.txt",
    "text:sha256:0l51f9563aczljs5gnh0ly5vggpn9wjrir2myb3lx0b5xlfd2rhw",
    [TEXT],
  ],
  [
    "a directory that refers to itself",
    SELF,
    "fixed:r:sha256:0n9y32x579gs9h1h31ixx452z2zb9q4w7p42blznvmvl6bx7f8zx",
    [SELF],
  ],
];

describe("a content address", () => {
  it.each(MADE_BY_NIX)("gives the name of %s", (_what, path, contentAddress, references) => {
    expect(isContentAddressed(info(path, contentAddress, references))).toBe(true);
  });

  it.each(MADE_BY_NIX)("covers name, address and references of %s", (_what, path, contentAddress, references) => {
    const isAddressed = (...changed: Parameters<typeof info>): boolean => isContentAddressed(info(...changed));
    expect(isAddressed(`${path}x`, contentAddress, references)).toBe(false);
    expect(
      isAddressed(
        path,
        contentAddress.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
        references,
      ),
    ).toBe(false);
    expect(isAddressed(path, contentAddress, [...references, path])).toBe(references.includes(path));
    expect(isAddressed(path, contentAddress, references.slice(1))).toBe(references.length === 0);
    expect(
      isAddressed(path, contentAddress, [...references, "/nix/store/7r9nm8c4vcrz9xh7m9h5xmvriljhylpm-other"]),
    ).toBe(false);
  });

  it.each([
    undefined,
    "",
    "fixed",
    "fixed:r:sha256:",
    "fixed:r:sha1:qprccdvijd3r6z53c6hbxj7ncbgpdszd",
    "other:sha256:0",
  ])("%s gives no name", (contentAddress) => {
    expect(isContentAddressed(info(TEXT, contentAddress, []))).toBe(false);
  });
});

function info(path: string, contentAddress: string | undefined, references: readonly string[]): AddressedPathInfo {
  return { path: parseStorePath(path), contentAddress, references: references.map(parseStorePath) };
}
