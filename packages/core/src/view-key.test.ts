import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseNarHash } from "./hash.ts";
import { parseStorePath } from "./store-path.ts";
import { parseViewKey, type ViewKeyInput, viewKey } from "./view-key.ts";

const HELLO = parseStorePath("/nix/store/08w3vyidi11nga44yb689ah7njxfxqsq-hello");
const GLIBC = parseStorePath("/nix/store/dzzf2saxxmsn7p73pjdi78f3xfrca17q-glibc");
const ONE = parseNarHash(`sha256:${"1".repeat(64)}`);
const TWO = parseNarHash(`sha256:${"2".repeat(64)}`);

const INPUT: ViewKeyInput = {
  strategy: "composefs",
  layout: "store",
  roots: [HELLO, GLIBC],
  links: [
    { name: "entrypoint", target: `${HELLO}/bin/hello` },
    { name: "bin/hello", target: `${HELLO}/bin/hello` },
  ],
  closure: [
    { path: HELLO, narHash: ONE },
    { path: GLIBC, narHash: TWO },
  ],
};

/** Each differs from INPUT in one thing. */
const CHANGES: readonly (readonly [what: string, change: Partial<ViewKeyInput>])[] = [
  ["the strategy", { strategy: "tree" }],
  ["the layout", { layout: "nix" }],
  ["a root less", { roots: [HELLO] }],
  ["no links", { links: [] }],
  ["a link's name", { links: [{ name: "entrypoint2", target: `${HELLO}/bin/hello` }, ...INPUT.links.slice(1)] }],
  ["a link's target", { links: [{ name: "entrypoint", target: `${HELLO}/bin/hi` }, ...INPUT.links.slice(1)] }],
  ["a path less", { closure: INPUT.closure.slice(1) }],
  ["the bytes of a path", { closure: [{ path: HELLO, narHash: TWO }, ...INPUT.closure.slice(1)] }],
];

describe("a view key", () => {
  test("is 64 hex characters that read back", () => {
    expect(parseViewKey(viewKey(INPUT))).toBe(viewKey(INPUT));
  });

  test("stays what it was: a change of its format must raise VIEW_FORMAT_VERSION", () => {
    expect(viewKey(INPUT)).toBe("14afa0e847c5c7683903c4804d089284d392034d226fea0dabb7fc8008d1501b");
  });

  test.each(CHANGES)("changes with %s", (_what, change) => {
    expect(viewKey({ ...INPUT, ...change })).not.toBe(viewKey(INPUT));
  });

  test("is another one for each of these changes", () => {
    const keys = CHANGES.map(([, change]) => viewKey({ ...INPUT, ...change }));
    expect(new Set(keys).size).toBe(CHANGES.length);
  });

  test("does not depend on the order of roots, links and paths", () => {
    fc.assert(
      fc.property(shuffled(INPUT.roots), shuffled(INPUT.links), shuffled(INPUT.closure), (roots, links, closure) => {
        expect(viewKey({ ...INPUT, roots, links, closure })).toBe(viewKey(INPUT));
      }),
    );
  });

  test("tells a link's name from its target, whatever separators they hold", () => {
    const text = fc.string({ unit: fc.constantFrom("a", ";", "\n", '"', ",", "link", "\\"), maxLength: 5 });
    const link = fc.record({ name: text, target: text });
    fc.assert(
      fc.property(link, link, (one, other) => {
        const isSame = one.name === other.name && one.target === other.target;
        expect(viewKey({ ...INPUT, links: [one] }) === viewKey({ ...INPUT, links: [other] })).toBe(isSame);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    "",
    "..",
    "a".repeat(63),
    "a".repeat(65),
    "A".repeat(64),
    `${"a".repeat(64)}\n`,
    "tmp-0",
  ])("is not read from the foreign name %j", (name) => {
    expect(parseViewKey(name)).toBeUndefined();
  });
});

function shuffled<T>(list: readonly T[]): fc.Arbitrary<readonly T[]> {
  return fc.shuffledSubarray([...list], { minLength: list.length });
}
