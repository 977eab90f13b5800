import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseStorePath, storePathBaseName } from "@niphas/core";
import { temporaryDirectory } from "@niphas/testing";
import { expect, it } from "vitest";
import { ContentsOracle } from "./contents.ts";

const ROOT = parseStorePath(`/nix/store/${"a".repeat(32)}-app`);
const CLOSURE = { root: ROOT, paths: [ROOT] };

/** A built path and a volume that shows it. */
function rig(base: string) {
  const [built, volume] = [join(base, "built"), join(base, "volume")];
  for (const directory of [built, join(volume, storePathBaseName(ROOT))]) {
    mkdirSync(join(directory, "bin"), { recursive: true });
    writeFileSync(join(directory, "bin/app"), "text");
  }
  mkdirSync(join(volume, ".roots"));
  return { oracle: new ContentsOracle(() => built), volume, shown: join(volume, storePathBaseName(ROOT)) };
}

it("finds nothing wrong with a volume that shows what was built", async () => {
  await using directory = temporaryDirectory("contents");
  const { oracle, volume } = rig(directory.path);
  expect(oracle.faultsOf(volume, CLOSURE)).toEqual([]);
});

it("finds one changed byte, a missing file, a foreign entry, and a volume that shows nothing", async () => {
  await using directory = temporaryDirectory("contents");
  const { oracle, volume, shown } = rig(directory.path);
  writeFileSync(join(shown, "bin/app"), "next");
  expect(oracle.faultsOf(volume, CLOSURE)).toEqual([`not what was built: ${ROOT}`]);
  rmSync(join(shown, "bin/app"));
  mkdirSync(join(volume, "other"));
  expect(oracle.faultsOf(volume, CLOSURE)).toEqual(["foreign: other", `not what was built: ${ROOT}`]);
  expect(oracle.faultsOf(join(volume, "other"), CLOSURE)).toHaveLength(3);
});
