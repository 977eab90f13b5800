import { type NarInfo, parseNarHash, parseStorePath } from "@niphas/core";
import { expect, it } from "vitest";
import { trustBy } from "./trust.ts";

/** What Nix 2.8 keeps of a directory that `nix-store --add` has added. */
const HASH = parseNarHash("sha256:1jis19x64zcd8vyhsx5i6zz204xk6lskvs0a64a18gxazyap7f32");
const ADDED: NarInfo = {
  path: parseStorePath("/nix/store/5ycan995zs3vp29312xci1qgqx4clcd8-src"),
  url: "",
  compression: "none",
  fileHash: undefined,
  fileSizeBytes: undefined,
  narHash: HASH,
  narSizeBytes: 1,
  references: [],
  deriver: undefined,
  signatures: [],
  contentAddress: `fixed:r:${HASH}`,
};

it("an unsigned path is trusted when its name proves the hash of its NAR", async () => {
  expect(await trustBy([])(ADDED)).toBe(true);
});

it.each<[string, Partial<NarInfo>]>([
  ["another hash", { narHash: parseNarHash(`sha256:${"0".repeat(52)}`) }],
  ["a reference more", { references: [parseStorePath(`/nix/store/${"0".repeat(32)}-other`)] }],
  ["a reference to itself", { references: [ADDED.path] }],
  ["another path", { path: parseStorePath("/nix/store/5ycan995zs3vp29312xci1qgqx4clcd9-src") }],
  ["no content address", { contentAddress: undefined }],
  ["a content address of another kind", { contentAddress: `text:${HASH}` }],
])("an unsigned path is not trusted with %s", async (_what, change) => {
  expect(await trustBy([])({ ...ADDED, ...change })).toBe(false);
});
