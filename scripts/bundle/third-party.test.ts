import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@niphas/testing";
import { describe, expect, it } from "vitest";
import { distinctPackages, licenseNotice, packageDirectories, readPackage } from "./third-party.ts";

function makePackage(parent: string, manifest: { name: string; license?: string }, files: Record<string, string> = {}) {
  const directory = join(parent, manifest.name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), JSON.stringify({ version: "1.2.3", ...manifest }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

describe("packages of others in a bundle", () => {
  it("are found by the paths of their files, each once, also scoped and nested ones", () => {
    const inputs = [
      "packages/cli/src/main.ts",
      "node_modules/pino/lib/levels.js",
      "node_modules/pino/pino.js",
      "node_modules/@grpc/grpc-js/build/src/index.js",
      "node_modules/a/node_modules/@b/c/index.js",
    ];
    expect(packageDirectories(inputs)).toEqual([
      "node_modules/@grpc/grpc-js",
      "node_modules/a/node_modules/@b/c",
      "node_modules/pino",
    ]);
  });

  it("have a name, a version and a licence, which may be unknown", async () => {
    await using directory = temporaryDirectory("third-party");
    const named = makePackage(directory.path, { name: "named", license: "MIT" });
    const silent = makePackage(directory.path, { name: "silent" });
    expect(readPackage(named)).toEqual({ name: "named", version: "1.2.3", license: "MIT" });
    expect(readPackage(silent).license).toBe("NOASSERTION");
  });

  it("are told once when npm has the same version in two places, but twice in two versions", async () => {
    await using directory = temporaryDirectory("third-party");
    const shared = makePackage(directory.path, { name: "shared" });
    const nested = makePackage(join(directory.path, "other/node_modules"), { name: "shared" });
    expect(distinctPackages([shared, nested])).toEqual([shared]);
    writeFileSync(join(nested, "package.json"), JSON.stringify({ name: "shared", version: "2.0.0" }));
    expect(distinctPackages([shared, nested])).toEqual([shared, nested]);
  });

  it("come with their licence texts, and a word where there is none", async () => {
    await using directory = temporaryDirectory("third-party");
    const texts = { "LICENSE.md": "Do what you like.\n", "NOTICE.txt": "Ours.\n", "README.md": "Not this.\n" };
    const notice = licenseNotice([
      makePackage(directory.path, { name: "named", license: "MIT" }, texts),
      makePackage(directory.path, { name: "silent" }),
    ]);
    expect(notice).toMatch(/^named 1\.2\.3 \(MIT\)\n\nDo what you like\.\n\nOurs\.\n\n-+\n\nsilent 1\.2\.3 /);
    expect(notice).toMatch(/comes without a licence text/);
    expect(notice).not.toContain("Not this");
  });
});
