import { verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseNarHash } from "./hash.ts";
import { CACHE_NIXOS_ORG_KEY, parsePathSignature, parseTrustedKey, pathFingerprint } from "./signature.ts";
import { parseStorePath } from "./store-path.ts";

interface SignedPath {
  readonly publicKey: string;
  readonly path: string;
  readonly narHash: string;
  readonly narSizeBytes: number;
  readonly references: readonly string[];
  readonly signature: string;
}

/** What `nix store sign` made and `nix path-info --json` printed, for a path with two references. */
const SIGNED: readonly (readonly [nixVersion: string, signed: SignedPath])[] = [
  [
    "2.8.0",
    {
      publicKey: "test-1:nk142hMiZ18DHK7QVM3m3ZyCxTB4fHWqAj8kLcBS1uk=",
      path: "/nix/store/08w3vyidi11nga44yb689ah7njxfxqsq-top.txt",
      narHash: "sha256-RBb+nmYdeT2y55Q8csbXZraXVFRHmQFKxUzgOwIOHmc=",
      narSizeBytes: 232,
      references: [
        "/nix/store/rl9vzr53gv7fz0533wi9ixqgn4frknjy-other+x_1?y=z.txt",
        "/nix/store/dzzf2saxxmsn7p73pjdi78f3xfrca17q-dep.txt",
      ],
      signature: "test-1:5i5pBhygoxuqftJ32KGtQhHL5EOQy/erT46iw5S5TEuxUUqlD7CNRc0Ha3kNampwG2yGt36UsQbCXUhgCdDeCQ==",
    },
  ],
  [
    "2.34.8",
    {
      publicKey: "test-2:A+Tw8AX5iFLZcAp5sW2uOSVR7zVR2rUwj5vQxm/w92E=",
      path: "/nix/store/7r9nm8c4vcrz9xh7m9h5xmvriljhylpm-top.txt",
      narHash: "sha256-G0eYYmiWpv44i+tk30EhWwHgKuyliOJUsCnctpz5I1o=",
      narSizeBytes: 224,
      references: [
        "/nix/store/dzzf2saxxmsn7p73pjdi78f3xfrca17q-dep.txt",
        "/nix/store/dz531mj0jv88v5ip0y66wf2ki6pf2lb7-.hidden",
      ],
      signature: "test-2:EIcwKpLI6MKZKmnqWJf59O3jLo2nnfIzWd4iDAZGZWZzke1rnc8rf6E2556Ar4urGF+RIGEkfZ24zocBLElZDA==",
    },
  ],
];

describe("a signature made by Nix", () => {
  test.each(SIGNED)("of version %s is good", (_version, signed) => {
    expect(isGood(signed)).toBe(true);
  });

  test.each(SIGNED)("of version %s covers path, hash, size and references", (_version, signed) => {
    const otherPath = signed.path.replace("-top.txt", "-tap.txt");
    const otherHash = parseNarHash(`sha256:${"0".repeat(64)}`);
    expect(isGood({ ...signed, path: otherPath })).toBe(false);
    expect(isGood({ ...signed, narHash: otherHash })).toBe(false);
    expect(isGood({ ...signed, narSizeBytes: signed.narSizeBytes + 1 })).toBe(false);
    expect(isGood({ ...signed, references: signed.references.slice(1) })).toBe(false);
    expect(isGood({ ...signed, references: [...signed.references, signed.path] })).toBe(false);
  });

  test("of one key is not good for another", () => {
    const [first, second] = SIGNED.map(([, signed]) => signed);
    expect(first !== undefined && second !== undefined && isGood({ ...first, publicKey: second.publicKey })).toBe(
      false,
    );
  });

  test("covers the references in any order", () => {
    const info = { path: parseStorePath(SIGNED[0]?.[1].path ?? ""), narHash: parseNarHash(`sha256:${"0".repeat(64)}`) };
    const references = (SIGNED[0]?.[1].references ?? []).map(parseStorePath);
    const forth = pathFingerprint({ ...info, narSizeBytes: 1, references });
    const back = pathFingerprint({ ...info, narSizeBytes: 1, references: references.toReversed() });
    expect(forth).toBe(back);
    expect(forth).toMatch(/^1;\/nix\/store\/[^;]+;sha256:0{52};1;[^;,]+-dep\.txt,[^;,]+$/);
  });
});

describe("a path's signature", () => {
  test("is read as Nix keeps it", () => {
    const text = SIGNED[0]?.[1].signature ?? "";
    expect(parsePathSignature(text)).toMatchObject({ keyName: "test-1" });
    expect(parsePathSignature(text)?.bytes).toHaveLength(64);
  });

  test.each([
    ["nothing", ""],
    ["no key name", `:${"A".repeat(86)}==`],
    ["no bytes", "test-1:"],
    ["too few bytes", `test-1:${"A".repeat(43)}=`],
    ["too many bytes", `test-1:${"A".repeat(90)}==`],
    ["a foreign character among the bytes", `test-1:${"A".repeat(40)}!${"A".repeat(46)}==`],
    ["a second colon", `test-1:x:${"A".repeat(86)}==`],
    ["a newline", `test-1:${"A".repeat(86)}==\n`],
    ["a key name of 300 characters", `${"k".repeat(300)}:${"A".repeat(86)}==`],
  ])("is passed over with %s", (_what, text) => {
    expect(parsePathSignature(text)).toBeUndefined();
  });

  test("is read or passed over, whatever the text", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc
        .tuple(fc.string({ maxLength: 9 }), fc.base64String({ minLength: 80, maxLength: 96 }))
        .map((each) => each.join(":")),
    );
    fc.assert(
      fc.property(text, (each) => {
        const signature = parsePathSignature(each);
        if (signature === undefined) return;
        expect(`${signature.keyName}:${Buffer.from(signature.bytes).toString("base64")}`.slice(0, -3)).toBe(
          each.slice(0, -3),
        );
      }),
    );
  });
});

describe("a trusted key", () => {
  test("of cache.nixos.org is read", () => {
    const key = parseTrustedKey(CACHE_NIXOS_ORG_KEY);
    expect(key).toMatchObject({ name: "cache.nixos.org-1", text: CACHE_NIXOS_ORG_KEY });
    expect(key.key.asymmetricKeyType).toBe("ed25519");
  });

  test("may have blanks around it, as from a file", () => {
    expect(parseTrustedKey(`  ${CACHE_NIXOS_ORG_KEY}\n`).text).toBe(CACHE_NIXOS_ORG_KEY);
  });

  test.each([
    ["nothing", ""],
    ["no name", CACHE_NIXOS_ORG_KEY.slice("cache.nixos.org-1".length)],
    ["a signature in its place", SIGNED[0]?.[1].signature ?? ""],
    ["a secret key in its place", `test-1:${"A".repeat(86)}==`],
    ["two keys", `${CACHE_NIXOS_ORG_KEY} ${CACHE_NIXOS_ORG_KEY}`],
    ["a name with a newline", `a\nb${CACHE_NIXOS_ORG_KEY}`],
  ])("is refused with %s, and the text is not echoed", (_what, text) => {
    expect(() => parseTrustedKey(text)).toThrow(
      expect.objectContaining({
        code: "InvalidConfiguration",
        message: "not a public key: expected <name>:<44 characters of base64>",
      }),
    );
  });
});

function isGood(signed: SignedPath): boolean {
  const fingerprint = pathFingerprint({
    path: parseStorePath(signed.path),
    narHash: parseNarHash(signed.narHash),
    narSizeBytes: signed.narSizeBytes,
    references: signed.references.map(parseStorePath),
  });
  const signature = parsePathSignature(signed.signature);
  if (signature === undefined) return false;
  return verify(null, Buffer.from(fingerprint), parseTrustedKey(signed.publicKey).key, signature.bytes);
}
