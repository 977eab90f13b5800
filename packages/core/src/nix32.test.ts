import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NiphasError } from "./errors.ts";
import { decodeNix32, encodeNix32 } from "./nix32.ts";

/** Hex and base-32 as `nix-hash --to-base32` 2.8 and `nix hash convert --to nix32` 2.34 print them. */
const VECTORS: readonly (readonly [hex: string, base32: string])[] = [
  ["5d41402abc4b2a76b9719d911017c592", "4jqlbi14cxf6wpcajbphm40hax"],
  ["da39a3ee5e6b4b0d3255bfef95601890afd80709", "143xibwh31h9bvxzalr0sjvbbvpa6ffs"],
  [
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    "094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic",
  ],
  [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73",
  ],
  ["f".repeat(64), `1${"z".repeat(51)}`],
  [`01${"0".repeat(62)}`, `${"0".repeat(51)}1`],
  [`${"0".repeat(62)}80`, `1${"0".repeat(51)}`],
  [
    "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043",
    "11w1pmwfdpz9pisbhp5qiv38q6dmidq2ipcqykw3p0sb6yrqcij79rwcwcjbxyzwbdal349qbxrncbk7pmd6snljrfpiwv2pljd4wcv",
  ],
];

describe("base-32 as Nix writes it", () => {
  test.each(VECTORS)("encodes %s as Nix does", (hex, base32) => {
    expect(encodeNix32(Buffer.from(hex, "hex"))).toBe(base32);
  });

  test.each(VECTORS)("decodes back to %s", (hex, base32) => {
    expect(Buffer.from(decodeNix32(base32, hex.length / 2)).toString("hex")).toBe(hex);
  });

  test("decodes what it encodes, whatever the length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(decodeNix32(encodeNix32(bytes), bytes.length)).toEqual(bytes);
      }),
    );
  });

  test("has one spelling only: what decodes encodes to the same text", () => {
    const digit = fc.constantFrom(..."0123456789abcdfghijklmnpqrsvwxyz");
    fc.assert(
      fc.property(fc.string({ unit: digit, minLength: 26, maxLength: 26 }), (text) => {
        const bytes = decodedOrRefused(text, 16);
        if (bytes !== undefined) expect(encodeNix32(bytes)).toBe(text);
      }),
    );
  });

  test.each([
    ["too short", "094qif9n"],
    ["too long", `0${"0".repeat(52)}`],
    ["empty", ""],
    ["a character outside the alphabet", `${"0".repeat(51)}e`],
    ["an upper-case character", `${"0".repeat(51)}A`],
    ["set padding bits", `z${"0".repeat(51)}`],
    ["the first padding bit", `2${"0".repeat(51)}`],
    ["a character outside the basic plane", `${"0".repeat(50)}😀`],
  ])("refuses %s", (_what, text) => {
    expect(() => decodeNix32(text, 32)).toThrow(NiphasError);
  });

  test("answers any text with bytes or with its own error", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.nat({ max: 40 }), (text, sizeBytes) => {
        const bytes = decodedOrRefused(text, sizeBytes);
        expect(bytes === undefined || bytes.length === sizeBytes).toBe(true);
      }),
    );
  });
});

function decodedOrRefused(text: string, sizeBytes: number): Uint8Array | undefined {
  try {
    return decodeNix32(text, sizeBytes);
  } catch (error) {
    expect(error).toMatchObject({ name: "NiphasError", code: "InvalidRequest" });
    return undefined;
  }
}
