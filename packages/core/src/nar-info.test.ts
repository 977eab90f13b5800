import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseNarHash } from "./hash.ts";
import { formatNarInfo, MAX_NAR_INFO_LENGTH, type NarInfo, parseNarInfo } from "./nar-info.ts";
import { encodeNix32 } from "./nix32.ts";
import { parseStorePath, STORE_DIR } from "./store-path.ts";

const HASH = "sha256:07kc6swib31psygpmwi8952lvywlpqn474059yxl7grwsvr6k0fj";
const SIGNATURE = `cache.example.org-1:${"A".repeat(86)}==`;
const HELLO = `StorePath: /nix/store/n5glp21rsz314qssw9fbvfswgy3kc68f-hello-2.12.1
URL: nar/${HASH.slice(7)}.nar.xz
Compression: xz
FileHash: sha256:1nhgq6wcggx0plpy4991h3ginj6hipsdslv4fd4zml1n707j26yq
FileSize: 50184
NarHash: ${HASH}
NarSize: 226552
References: n5glp21rsz314qssw9fbvfswgy3kc68f-hello-2.12.1 qdcbgcj27x2kpxj2sf9yfvva7qsgg64g-glibc-2.38-77
Deriver: 1zpqmcicrg8smi9jlqv6dmd7v20d2fsn-hello-2.12.1.drv
Sig: ${SIGNATURE}
`;
const SHORT = `StorePath: /nix/store/n5glp21rsz314qssw9fbvfswgy3kc68f-hello-2.12.1
URL: nar/hello.nar
NarHash: ${HASH}
NarSize: 226552
`;
const SHA1 = "a".repeat(40);

/** Seeds of malformed narinfos: the text that replaces a part of {@link HELLO}, each breaking one rule. */
const REFUSED: readonly (readonly [what: string, part: RegExp, replacement: string])[] = [
  ["nothing", /^[\s\S]*$/, ""],
  ["no store path", /StorePath.*\n/, ""],
  ["no URL", /URL.*\n/, ""],
  ["an empty URL", /URL.*\n/, "URL: \n"],
  ["no NAR hash", /NarHash.*\n/, ""],
  ["no NAR size", /NarSize.*\n/, ""],
  ["a NAR of no bytes", /NarSize.*\n/, "NarSize: 0\n"],
  ["a negative size", /NarSize.*\n/, "NarSize: -1\n"],
  ["a size in hex", /NarSize.*\n/, "NarSize: 0x10\n"],
  ["a size with a blank after it", /NarSize.*\n/, "NarSize: 10 \n"],
  ["a size of 2^53", /NarSize.*\n/, "NarSize: 9007199254740992\n"],
  ["a file size that is no number", /FileSize.*\n/, "FileSize: many\n"],
  ["a store path of another directory", /\/nix\/store/, "/gnu/store"],
  ["a file in a store path", /hello-2.12.1\n/, "hello-2.12.1/bin\n"],
  ["a NAR hash that is not sha256", /NarHash: .*\n/, `NarHash: sha1:${SHA1}\n`],
  ["a NAR hash without algorithm", /NarHash: sha256:/, "NarHash: "],
  ["a file hash of another length", /FileHash: .*\n/, "FileHash: sha256:abc\n"],
  ["a file hash of an unknown algorithm", /FileHash: sha256/, "FileHash: sha255"],
  ["a reference with a directory", /References: /, "References: /nix/store/"],
  ["a reference that is no base name", /References: /, "References: ../../etc/passwd "],
  ["references twice", /Deriver/, "References: qdcbgcj27x2kpxj2sf9yfvva7qsgg64g-glibc-2.38-77\nDeriver"],
  ["a deriver that is no base name", /Deriver: /, "Deriver: /"],
  ["an empty deriver", /Deriver: .*\n/, "Deriver: \n"],
  ["a content address of an unknown kind", /Sig: .*\n/, `CA: other:${HASH}\n`],
  ["two content addresses", /Sig: .*\n/, `CA: fixed:${HASH}\nCA: fixed:${HASH}\n`],
  ["a last line without an end", /\n$/, ""],
  ["an empty line", /URL/, "\nURL"],
  ["a line without a colon", /URL: .*\n/, "URL\n"],
  ["a line without a key", /URL/, ""],
  ["no blank after the colon", /URL: /, "URL:"],
  ["an HTML page", /^/, "<!DOCTYPE html>\n"],
  ["a mebibyte", /$/, `X: ${"x".repeat(MAX_NAR_INFO_LENGTH)}\n`],
];

describe("a narinfo", () => {
  it("is read with all its lines", () => {
    expect(parseNarInfo(HELLO)).toEqual({
      path: "/nix/store/n5glp21rsz314qssw9fbvfswgy3kc68f-hello-2.12.1",
      url: `nar/${HASH.slice(7)}.nar.xz`,
      compression: "xz",
      fileHash: "sha256:1nhgq6wcggx0plpy4991h3ginj6hipsdslv4fd4zml1n707j26yq",
      fileSizeBytes: 50_184,
      narHash: HASH,
      narSizeBytes: 226_552,
      references: [
        "/nix/store/n5glp21rsz314qssw9fbvfswgy3kc68f-hello-2.12.1",
        "/nix/store/qdcbgcj27x2kpxj2sf9yfvva7qsgg64g-glibc-2.38-77",
      ],
      deriver: "1zpqmcicrg8smi9jlqv6dmd7v20d2fsn-hello-2.12.1.drv",
      signatures: [SIGNATURE],
      contentAddress: undefined,
    });
  });

  it("is written as it was read", () => {
    expect(formatNarInfo(parseNarInfo(HELLO))).toBe(HELLO);
  });

  it("is bzip2 without a compression, and has nothing that it does not tell", () => {
    const info = parseNarInfo(SHORT);
    expect(info).toMatchObject({ compression: "bzip2", references: [], signatures: [] });
    expect([info.fileHash, info.fileSizeBytes, info.deriver, info.contentAddress]).toEqual(Array(4).fill(undefined));
    expect(parseNarInfo(`${SHORT}Compression: \n`).compression).toBe("bzip2");
  });

  it("is read as Nix reads unusual ones", () => {
    const info = parseNarInfo(
      `${SHORT}X-Other: a: b\nReferences: \nDeriver: unknown-deriver\nFileSize: 0\nCA: \nURL: other.nar\n`,
    );
    expect(info).toMatchObject({ url: "other.nar", references: [] });
    expect([info.deriver, info.fileSizeBytes, info.contentAddress]).toEqual([undefined, undefined, undefined]);
  });

  it("has each reference and signature once", () => {
    const reference = "qdcbgcj27x2kpxj2sf9yfvva7qsgg64g-glibc-2.38-77";
    const info = parseNarInfo(`${SHORT}References: ${reference}  ${reference}\nSig: b:1\nSig: a:1\nSig: b:1\n`);
    expect(info.references).toEqual([`${STORE_DIR}/${reference}`]);
    expect(info.signatures).toEqual(["b:1", "a:1"]);
  });

  it.each([
    `sha256:${"0".repeat(64)}`,
    HASH,
    `sha256-${Buffer.alloc(32).toString("base64")}`,
    `sha1:${SHA1}`,
    `md5:${"0".repeat(32)}`,
    `sha512-${Buffer.alloc(64).toString("base64")}`,
    `sha256:${Buffer.alloc(32).toString("base64")}`,
  ])("may have the file hash %s", (hash) => {
    expect(parseNarInfo(`${SHORT}FileHash: ${hash}\n`).fileHash).toBe(hash);
  });

  it.each([
    `text:${HASH}`,
    `fixed:${HASH}`,
    `fixed:r:${HASH}`,
    `fixed:r:sha1:${SHA1}`,
    `fixed:git:sha1:${SHA1}`,
  ])("may have the content address %s", (address) => {
    expect(parseNarInfo(`${SHORT}CA: ${address}\n`).contentAddress).toBe(address);
  });

  it.each(REFUSED)("is refused with %s, and the text is not echoed", (_what, part, replacement) => {
    const text = HELLO.replace(part, replacement);
    expect(() => parseNarInfo(text)).toThrow(
      expect.objectContaining({
        code: "BadBytes",
        message: expect.stringMatching(/^this is not a narinfo as Nix writes it: [ -~]{5,80}$/),
      }),
    );
  });

  it("is not written with a line end inside a value", () => {
    expect(() => formatNarInfo({ ...parseNarInfo(HELLO), signatures: ["a:b\nStorePath: /x"] })).toThrow(
      expect.objectContaining({ code: "BadBytes" }),
    );
  });
});

const hashText = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => `sha256:${encodeNix32(bytes)}`);
const path = fc
  .tuple(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.stringMatching(/^[a-z][a-z0-9.+-]{0,20}$/))
  .map(([bytes, name]) => parseStorePath(`${STORE_DIR}/${encodeNix32(bytes)}-${name}`));
const word = fc.stringMatching(/^[!-~]{1,40}$/);
const size = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const none = fc.constant(undefined);
const narInfo: fc.Arbitrary<NarInfo> = fc.record({
  path,
  url: word,
  compression: word,
  fileHash: fc.oneof(none, hashText),
  fileSizeBytes: fc.oneof(none, size),
  narHash: hashText.map(parseNarHash),
  narSizeBytes: size,
  references: fc.array(path, { maxLength: 5 }).map((paths) => [...new Set(paths)].sort()),
  deriver: fc.oneof(
    none,
    path.map((each) => each.slice(STORE_DIR.length + 1)),
  ),
  signatures: fc.uniqueArray(word, { maxLength: 3 }),
  contentAddress: fc.oneof(
    none,
    hashText.map((hash) => `fixed:r:${hash}`),
  ),
});

describe("any narinfo", () => {
  it("that is written reads as what it was", () => {
    fc.assert(
      fc.property(narInfo, (info) => {
        expect(parseNarInfo(formatNarInfo(info))).toEqual(info);
      }),
    );
  });

  it("is read or refused with the project's error, and what is read can be written and read again", () => {
    const seed = fc.constantFrom(HELLO, SHORT, ...REFUSED.map(([, part, text]) => HELLO.replace(part, text)));
    const change = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 30 }),
      insert: fc.oneof(fc.constantFrom("\n", ": ", ":", " ", "\0", "\r", "Sig: a:b\n"), fc.string({ unit: "binary" })),
    });
    fc.assert(
      fc.property(seed, fc.array(change, { maxLength: 4 }), (start, changes) => {
        let text = start.slice(0, 4096);
        for (const { at, remove, insert } of changes) {
          const index = at % (text.length + 1);
          text = text.slice(0, index) + insert + text.slice(index + remove);
        }
        const info = readOrRefuse(text);
        if (info !== undefined) expect(parseNarInfo(formatNarInfo(info))).toEqual(info);
      }),
      { numRuns: 3000 },
    );
  });
});

function readOrRefuse(text: string): NarInfo | undefined {
  try {
    return parseNarInfo(text);
  } catch (error) {
    expect(error).toMatchObject({ code: "BadBytes" });
    return undefined;
  }
}
