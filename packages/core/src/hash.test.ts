import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { narHashBytes, parseNarHash } from "./hash.ts";
import { encodeNix32 } from "./nix32.ts";

/** The sha256 of `niphas` in the three spellings that Nix 2.8 prints. */
const HEX = "sha256:0c572817b6cfcaa16c4782ff8ecd9a4115c89c4f64993721e23a6222c64c7cd7";
const BASE_32 = "sha256:1mvw9k324qisw8hkg6b49yfch5a1kb6qxzw28xna3jngnqbjhmqc";
const SRI = "sha256-DFcoF7bPyqFsR4L/js2aQRXInE9kmTch4jpiIsZMfNc=";

describe("a NAR hash", () => {
  test.each([HEX, BASE_32, SRI])("is the same hash when spelled %s", (text) => {
    expect(parseNarHash(text)).toBe(BASE_32);
  });

  test("gives its 32 bytes", () => {
    expect(Buffer.from(narHashBytes(parseNarHash(SRI))).toString("hex")).toBe(HEX.slice("sha256:".length));
  });

  test("reads every spelling of any 32 bytes alike", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        const canonical = `sha256:${encodeNix32(bytes)}`;
        expect(parseNarHash(`sha256:${buffer.toString("hex")}`)).toBe(canonical);
        expect(parseNarHash(`sha256-${buffer.toString("base64")}`)).toBe(canonical);
        expect(parseNarHash(canonical)).toBe(canonical);
        expect(narHashBytes(parseNarHash(canonical))).toEqual(bytes);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["no algorithm", HEX.slice("sha256:".length)],
    ["another algorithm", "sha1:143xibwh31h9bvxzalr0sjvbbvpa6ffs"],
    ["upper-case hex", HEX.toUpperCase().replace("SHA256", "sha256")],
    ["hex cut short", HEX.slice(0, -1)],
    ["a trailing newline", `${BASE_32}\n`],
    ["a leading blank", ` ${BASE_32}`],
    ["base-64 without padding", SRI.slice(0, -1)],
    ["base-64 with set padding bits", SRI.replace("Nc=", "Nd=")],
    ["URL-safe base-64", SRI.replaceAll("/", "_")],
    ["base-32 with set padding bits", BASE_32.replace("sha256:1", "sha256:z")],
  ])("is refused with %s", (_what, text) => {
    expect(() => parseNarHash(text)).toThrow(expect.objectContaining({ code: "InvalidRequest" }));
  });

  test("is read or refused with the project's error, whatever the text", () => {
    const tail = fc.string({ unit: "binary", maxLength: 70 });
    const text = fc.oneof(
      tail,
      tail.map((each) => `sha256:${each}`),
      tail.map((each) => `sha256-${each}`),
    );
    fc.assert(
      fc.property(text, (each) => {
        expect(refusalOf(each)).toMatch(/^(?:none|InvalidRequest)$/);
      }),
    );
  });
});

function refusalOf(text: string): unknown {
  try {
    parseNarHash(text);
    return "none";
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}
