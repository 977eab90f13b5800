import { describe, expect, it } from "vitest";
import { checkFile, MAX_FILE_LINES, type Manifest } from "./rules.ts";

const manifests = new Map<string, Manifest>([
  ["", { devDependencies: { vitest: "1.0.0" } }],
  ["packages/nix", { dependencies: { "@scope/lib": "1.0.0" }, exports: { ".": "./index.ts", "./command": "./c.ts" } }],
]);

function check(path: string, text: string): string[] {
  return checkFile({ path, text }, manifests);
}

describe("import direction", () => {
  it("lets a package import what is below it", () => {
    expect(check("packages/views/src/a.ts", 'import { x } from "@niphas/nix";')).toEqual([]);
  });

  it("refuses an import of what is above, and says where", () => {
    expect(check("packages/nix/src/a.ts", '\nimport type {\n  X,\n} from "@niphas/views";')).toEqual([
      "packages/nix/src/a.ts:4: packages/nix may not import @niphas/views",
    ]);
  });

  it("lets the mesh speak to Kubernetes in one folder only", () => {
    const text = 'import { x } from "@niphas/kube";';
    expect(check("packages/mesh/src/membership/kubernetes/a.ts", text)).toEqual([]);
    expect(check("packages/mesh/src/membership/a.ts", text)).toEqual([
      "packages/mesh/src/membership/a.ts:1: only packages/mesh/src/membership/kubernetes/ may import @niphas/kube",
    ]);
  });

  it("refuses it in re-exports, side-effect imports and dynamic imports", () => {
    expect(check("packages/core/src/a.ts", 'export * from "@niphas/nix";')).toHaveLength(1);
    expect(check("packages/core/src/a.ts", 'import "@niphas/nix";')).toHaveLength(1);
    expect(check("packages/core/src/a.ts", 'const nix = await import("@niphas/nix");')).toHaveLength(1);
  });

  it("refuses a package that the table does not know", () => {
    expect(check("packages/new/src/a.ts", 'import "@niphas/core";')).toHaveLength(1);
  });

  it("refuses deep imports by name and by relative path", () => {
    expect(check("packages/nix/src/a.ts", 'import "@niphas/core/src/hash.ts";')).toHaveLength(1);
    expect(check("packages/nix/src/a.ts", 'import "../../core/src/hash.ts";')).toHaveLength(1);
    expect(check("test/real/a.test.ts", 'import "../../packages/core/src/hash.ts";')).toHaveLength(1);
    expect(check("packages/nix/src/a.ts", 'import "../../../scripts/x.ts";')).toHaveLength(1);
  });

  it("lets a package import what another one exports besides its index", () => {
    expect(check("packages/views/src/a.ts", 'import "@niphas/nix/command";')).toEqual([]);
    expect(check("packages/core/src/a.ts", 'import "@niphas/nix/command";')).toHaveLength(1);
  });

  it("lets the tests of a package, not its sources, import the twins of packages/testing", () => {
    expect(check("packages/nix/src/a.test.ts", 'import { x } from "@niphas/testing";')).toEqual([]);
    expect(check("packages/nix/src/a.ts", 'import { x } from "@niphas/testing";')).toHaveLength(1);
    expect(check("packages/nix/src/a.test.ts", 'import { x } from "@niphas/cli";')).toHaveLength(1);
  });

  it("lets tests, scripts and examples import any package by name", () => {
    expect(check("test/real/a.test.ts", 'import { x } from "@niphas/cli";')).toEqual([]);
  });

  it("ignores comments and template strings", () => {
    const text = '// import "@niphas/cli";\n/* import "@niphas/cli"; */\nconst s = `\nimport "@niphas/cli";`;';
    expect(check("packages/core/src/a.ts", text)).toEqual([]);
  });
});

describe("composition root", () => {
  it("is for command.ts, index.ts and tests only", () => {
    expect(check("packages/csi/src/command.ts", 'import { run } from "./main.ts";')).toEqual([]);
    expect(check("packages/csi/src/main.test.ts", 'import { run } from "./main.ts";')).toEqual([]);
    expect(check("packages/csi/src/node/publish.ts", 'import { run } from "../main.ts";')).toHaveLength(1);
  });
});

describe("dependencies", () => {
  it("refuses a module that the package does not declare", () => {
    expect(check("packages/nix/src/a.ts", 'import "@scope/lib/sub";')).toEqual([]);
    expect(check("packages/nix/src/a.ts", 'import "lodash";')).toHaveLength(1);
  });

  it("gives the root's development dependencies to tests and scripts, not to sources", () => {
    expect(check("packages/nix/src/a.test.ts", 'import "vitest";')).toEqual([]);
    expect(check("scripts/a.ts", 'import "vitest";')).toEqual([]);
    expect(check("packages/nix/src/a.ts", 'import "vitest";')).toHaveLength(1);
  });

  it("gives the dependencies of all packages to tests, scripts and examples", () => {
    expect(check("test/bench/a.ts", 'import "@scope/lib";')).toEqual([]);
    expect(check("test/bench/a.ts", 'import "lodash";')).toHaveLength(1);
  });

  it("keeps core free of I/O and built-in modules prefixed", () => {
    expect(check("packages/core/src/a.ts", 'import { createHash } from "node:crypto";')).toEqual([]);
    expect(check("packages/core/src/a.ts", 'import "node:fs";')).toHaveLength(1);
    expect(check("packages/nix/src/a.ts", 'import "fs";')).toHaveLength(1);
  });
});

describe("file length", () => {
  it(`is at most ${MAX_FILE_LINES} lines, of scripts too`, () => {
    expect(check("scripts/a.sh", "x\n".repeat(MAX_FILE_LINES))).toEqual([]);
    expect(check("scripts/a.sh", "x\n".repeat(MAX_FILE_LINES + 1))).toHaveLength(1);
  });
});
