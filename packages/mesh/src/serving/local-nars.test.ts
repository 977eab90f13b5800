import { createHash } from "node:crypto";
import { type NarInfo, parseNarHash, parseStorePath } from "@niphas/core";
import { expect, it } from "vitest";
import type { NarSource } from "../substituter/ports.ts";
import { LocalNars } from "./local-nars.ts";

const BYTES = Buffer.from("the bytes of a NAR");
const { signal } = new AbortController();
const INFO: NarInfo = {
  path: parseStorePath(`/nix/store/${"a".repeat(32)}-a`),
  url: "",
  compression: "none",
  fileHash: undefined,
  fileSizeBytes: undefined,
  narHash: parseNarHash(`sha256:${createHash("sha256").update(BYTES).digest("hex")}`),
  narSizeBytes: BYTES.length,
  references: [],
  deriver: undefined,
  signatures: [],
  contentAddress: undefined,
};
const OTHERS: NarSource = {
  open: async () => bytes(Buffer.from("others")),
  compressed: async () => undefined,
};

async function* bytes(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function read(here: NarInfo | undefined, given: Buffer = BYTES) {
  let countedBytes = 0;
  const nars = new LocalNars({
    store: { pathInfo: () => here, nar: () => bytes(given) },
    others: OTHERS,
    onBytes: (sizeBytes) => {
      countedBytes += sizeBytes;
    },
  });
  const chunks = await Array.fromAsync(await nars.open(INFO, { start: 4, end: INFO.narSizeBytes }, signal));
  return { text: Buffer.concat(chunks).toString(), countedBytes };
}

it("a NAR that is here comes from here, and is counted", async () => {
  expect(await read(INFO)).toEqual({ text: "bytes of a NAR", countedBytes: BYTES.length - 4 });
});

it("a NAR that is not here, or has another hash, comes from others", async () => {
  const other = { ...INFO, narHash: parseNarHash(`sha256:${"0".repeat(52)}`) };
  for (const here of [undefined, other]) expect(await read(here)).toEqual({ text: "others", countedBytes: 0 });
});

it("files that are damaged never come to their end", async () => {
  await expect(read(INFO, Buffer.from("the bytes of a nar"))).rejects.toMatchObject({ code: "BadBytes" });
});
