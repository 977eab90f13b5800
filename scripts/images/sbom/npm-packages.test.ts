import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { npmComponent, npmPackages } from "./npm-packages.ts";

const PROGRAM_DIR = "usr/local/lib/niphas";

function writeJson(root: string, path: string, value: unknown): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), JSON.stringify(value));
}

describe("npm packages of an image", () => {
  it("are those in the bundle and the modules beside it, with the lockfile's digests", async () => {
    await using root = temporaryDirectory("npm");
    writeJson(root.path, `${PROGRAM_DIR}/third-party.json`, [{ name: "pino", version: "10.4.0", license: "MIT" }]);
    const module = { name: "@koromix/koffi-linux-x64", version: "3.3.4", license: "MIT" };
    writeJson(root.path, `${PROGRAM_DIR}/node_modules/@koromix/koffi-linux-x64/package.json`, module);
    const lockfile = {
      packages: {
        "": { version: "0.1.0" },
        "node_modules/pino": { version: "10.4.0", integrity: "sha512-AAEC" },
        "node_modules/other/node_modules/pino": { version: "9.0.0", integrity: "sha512-////" },
      },
    };
    expect(npmPackages(root.path, lockfile)).toMatchObject([
      { purl: "pkg:npm/%40koromix/koffi-linux-x64@3.3.4", sha512Hex: undefined },
      { purl: "pkg:npm/pino@10.4.0", license: "MIT", sha512Hex: "000102" },
    ]);
  });

  it("have no licence in SPDX's form when they name it otherwise", () => {
    const found = { name: "odd", version: "1.0.0", license: "SEE LICENSE IN LICENSE.md" };
    expect(npmComponent(found, undefined).license).toBeUndefined();
  });

  it("are none in an image without them", async () => {
    await using root = temporaryDirectory("npm");
    expect(npmPackages(root.path, { packages: {} })).toEqual([]);
  });
});
