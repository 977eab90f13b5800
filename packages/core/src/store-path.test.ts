import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isNiphasError } from "./errors.ts";
import { parsePathInStore, parseStorePath, storePathBaseName, storePathHash, storePathName } from "./store-path.ts";

const HASH = "08w3vyidi11nga44yb689ah7njxfxqsq";
const HELLO = `/nix/store/${HASH}-hello-2.12`;

/** Names that Nix 2.34 takes; 2.8 also takes the last four. */
const NAMES = ["hello", "hello-2.12", "other+x_1?y=z.txt", "A", "0", "-", "_", "a..b", ".env", "..env", "...", ".e-x"];
const NOT_NAMES = ["", ".", "..", ".-x", "..-x", "a b", "a/b", "a%b", "a~b", "ä", "a\n", "a\0", "x".repeat(212)];

/** Texts that no parser of store paths may take. */
const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  ["nothing", ""],
  ["a relative path", `nix/store/${HASH}-hello`],
  ["another store", `/gnu/store/${HASH}-hello`],
  ["the store itself", "/nix/store"],
  ["the store with a slash", "/nix/store/"],
  ["a way out of the store", "/nix/store/../etc"],
  ["a way out after a good path", `${HELLO}/../../../etc/shadow`],
  ["a dot component", `${HELLO}/./bin`],
  ["an empty component", `${HELLO}//bin`],
  ["a trailing slash", `${HELLO}/`],
  ["doubled slashes in front", `//nix/store/${HASH}-hello`],
  ["an option", "--option"],
  ["an option before a path", `--option ${HELLO}`],
  ["a NUL", `${HELLO}/bin\0/sh`],
  ["a NUL in the name", `${HELLO}\0`],
  ["a newline", `${HELLO}/bin\nsh`],
  ["a newline at the end", `${HELLO}\n`],
  ["a blank in front", ` ${HELLO}`],
  ["a letter that base-32 lacks", `/nix/store/${HASH.slice(0, -1)}e-hello`],
  ["an upper-case hash", `/nix/store/${HASH.toUpperCase()}-hello`],
  ["a short hash", `/nix/store/${HASH.slice(1)}-hello`],
  ["a look-alike slash", `/nix/store\u2215${HASH}-hello`],
  ["ten kilobytes", `${HELLO}/${"secret".repeat(1700)}`],
  ["ten thousand components", `${HELLO}${"/a".repeat(10_000)}`],
];

describe("a store path", () => {
  test.each(NAMES)("may be named %s", (name) => {
    const path = parseStorePath(`/nix/store/${HASH}-${name}`);
    expect(storePathName(path)).toBe(name);
    expect(storePathHash(path)).toBe(HASH);
    expect(storePathBaseName(path)).toBe(`${HASH}-${name}`);
  });

  test("may have a name of 211 characters", () => {
    expect(storePathName(parseStorePath(`/nix/store/${HASH}-${"x".repeat(211)}`))).toHaveLength(211);
  });

  test.each(NOT_NAMES)("may not be named %j", (name) => {
    expect(refusalOf(parseStorePath, `/nix/store/${HASH}-${name}`)).toBe("InvalidStorePath");
  });

  test.each(HOSTILE)("is not %s", (_what, text) => {
    expect(refusalOf(parseStorePath, text)).toBe("InvalidStorePath");
  });

  test("has nothing after its name", () => {
    expect(refusalOf(parseStorePath, `${HELLO}/bin/hello`)).toBe("InvalidStorePath");
  });
});

describe("a path in the store", () => {
  test("is a store path and what follows", () => {
    expect(parsePathInStore(`${HELLO}/bin/hello`)).toEqual({ storePath: HELLO, subPath: "bin/hello" });
  });

  test("may be a whole store path", () => {
    expect(parsePathInStore(HELLO)).toEqual({ storePath: HELLO, subPath: "" });
  });

  test("may have blanks, dashes and unicode below the store path", () => {
    expect(parsePathInStore(`${HELLO}/share/a b/--x/größe…`).subPath).toBe("share/a b/--x/größe…");
  });

  test("ends at 1024 characters below the store path", () => {
    expect(parsePathInStore(`${HELLO}/${"a".repeat(1024)}`).subPath).toHaveLength(1024);
    expect(refusalOf(parsePathInStore, `${HELLO}/${"a".repeat(1025)}`)).toBe("InvalidStorePath");
  });

  test.each(HOSTILE)("is not %s", (_what, text) => {
    expect(refusalOf(parsePathInStore, text)).toBe("InvalidStorePath");
  });

  test("is taken apart without loss", () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.array(part, { maxLength: 6 }), (name, parts) => {
        const text = [`/nix/store/${HASH}-${name}`, ...parts].join("/");
        const { storePath, subPath } = parsePathInStore(text);
        expect(subPath === "" ? storePath : `${storePath}/${subPath}`).toBe(text);
      }),
    );
  });

  test("never leads out of the store path, whatever the text", () => {
    const piece = fc.oneof(
      fc.constantFrom("/", "//", ".", "..", "/nix/store/", `${HASH}-hello`, HELLO, "\0", "\n", "bin", "--option"),
      fc.string({ unit: "binary", maxLength: 8 }),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join("")),
        (text) => {
          if (refusalOf(parsePathInStore, text) !== undefined) return;
          const { storePath, subPath } = parsePathInStore(text);
          expect(text.startsWith(storePath)).toBe(true);
          expect(subPath.split("/")).not.toContain("..");
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("a refusal", () => {
  test("is short and holds nothing of the text that it refuses", () => {
    for (const [, text] of HOSTILE.filter(([, each]) => each.includes("secret") || each.includes("shadow"))) {
      const message = messageOf(text);
      expect(message).not.toMatch(/secret|shadow/);
      expect(message.length).toBeLessThan(120);
    }
  });

  test("is the same sentence for every text", () => {
    const messages = new Set(HOSTILE.map(([, text]) => messageOf(text)));
    expect(messages.size).toBeLessThanOrEqual(2);
  });
});

function refusalOf(parse: (text: string) => unknown, text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    return isNiphasError(error) ? error.code : String(error);
  }
}

function messageOf(text: string): string {
  try {
    parsePathInStore(text);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}
