import { writeFileSync } from "node:fs";
import { parseStorePath, STORE_DIR } from "@niphas/core";
import { buildFlake, localClosure } from "@niphas/nix";
import { describe, expect, it } from "vitest";
import { failureOf, never, nodeStore } from "./node-store.ts";

/** What a builder needs of the host, since chroot stores always build in a sandbox. */
const SANDBOX_PATHS = ["/bin", "/lib", "/lib64", "/usr"];

const FLAKE = `{ outputs = { self }: let
  make = name: script: derivation {
    inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" script ]; PATH = "/bin";
  };
  library = make "library-1.0" "echo library > $out";
in {
  packages.x86_64-linux = {
    default = make "hello-1.0" "echo \${library} > $out" // { meta.mainProgram = "greet"; };
    plain = make "plain-2.0" "echo plain > $out";
    broken = make "broken" "echo the reason; exit 3";
  };
}; }`;

async function flakeStore() {
  const node = await nodeStore();
  writeFileSync(node.directory.join("flake.nix"), FLAKE);
  const options = { signal: never, sandboxPaths: SANDBOX_PATHS };
  return {
    ...node,
    build: (attribute: string) => buildFlake(node.nix, `path:${node.directory.path}${attribute}`, options),
  };
}

describe("building a flake", () => {
  it("gives its path, derivation and main program", async () => {
    await using node = await flakeStore();
    const build = await node.build("");
    expect(build.mainProgram).toBe("greet");
    expect(build.packageName).toBe("hello");
    expect(build.storePaths).toEqual([expect.stringMatching(/-hello-1\.0$/)]);
    expect(build.drvPath).toMatch(/-hello-1\.0\.drv$/);
    const closure = await localClosure(node.nix, build.storePaths, { signal: never });
    expect(closure.map((info) => info.path.slice(44))).toEqual(expect.arrayContaining(["hello-1.0", "library-1.0"]));
    const known = node.database.closure(build.storePaths);
    expect(closure).toEqual(
      known.map(({ path, narHash, narSizeBytes, references }) => ({ path, narHash, narSizeBytes, references })),
    );
  });

  it("knows no main program where the package names none", async () => {
    await using node = await flakeStore();
    expect(await node.build("#plain")).toMatchObject({ mainProgram: undefined, packageName: "plain" });
  });

  it("fails with the build's last lines", async () => {
    await using node = await flakeStore();
    const failure = await failureOf(node.build("#broken"));
    expect(failure.code).toBe("CommandFailed");
    expect(failure.message).toContain("the reason");
  });

  it("fails with Nix's words for an attribute that is not there", async () => {
    await using node = await flakeStore();
    expect((await failureOf(node.build("#missing"))).message).toContain("missing");
  });

  it("takes nothing that could be an option", async () => {
    await using node = await flakeStore();
    const failure = await failureOf(buildFlake(node.nix, "--option", { signal: never }));
    expect(failure.code).toBe("InvalidRequest");
  });

  it("ends when it is cancelled", async () => {
    await using node = await flakeStore();
    const reference = `path:${node.directory.path}`;
    expect((await failureOf(buildFlake(node.nix, reference, { signal: AbortSignal.abort() }))).code).toBe("Cancelled");
  });
});

it("does not find the closure of a path that is not in the store", async () => {
  await using node = await nodeStore();
  const unknown = parseStorePath(`${STORE_DIR}/${"4".repeat(32)}-unknown`);
  const failure = await failureOf(localClosure(node.nix, [unknown], { signal: never }));
  expect(["PathNotFound", "CommandFailed"]).toContain(failure.code);
  expect(failure.message).toContain(unknown);
});
