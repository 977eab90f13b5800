import { readdirSync } from "node:fs";
import { readOptions } from "@niphas/service";
import { temporaryDirectory } from "@niphas/testing";
import { afterEach, expect, it, vi } from "vitest";
import { meshCommand } from "./command.ts";
import { envName, FLAGS, type FlagName, type RawMeshOptions } from "./flags.ts";
import { PRIVATE_KEY_FILE } from "./network/identity/private-key.ts";

afterEach(() => vi.unstubAllEnvs());

const CONTEXT = { signal: AbortSignal.abort(), write: () => undefined };

const raw = (...args: readonly string[]): Promise<RawMeshOptions> => readOptions(meshCommand(CONTEXT), args);

it("niphas mesh reads each flag from the command line before the environment", async () => {
  vi.stubEnv("NIPHAS_MESH_UPSTREAM", "https://a.example https://b.example");
  vi.stubEnv("NIPHAS_MESH_MEMBERS", "kubernetes");
  expect(await raw()).toMatchObject({
    upstream: ["https://a.example", "https://b.example"],
    members: "kubernetes",
    defaultKey: true,
  });
  const flags = ["--members", "dns:mesh", "--upstream=https://c.example", "--no-default-key"];
  expect(await raw(...flags)).toMatchObject({
    upstream: ["https://c.example"],
    members: "dns:mesh",
    defaultKey: false,
  });
});

it("niphas mesh refuses unknown flags and arguments", async () => {
  await expect(raw("--unknown")).rejects.toMatchObject({ code: "commander.unknownOption" });
  await expect(raw("argument")).rejects.toMatchObject({ code: "commander.excessArguments" });
});

it("niphas mesh explains every flag with its variable and default", () => {
  let help = "";
  meshCommand(CONTEXT)
    .configureOutput({
      writeOut: (text) => {
        help += text;
      },
    })
    .outputHelp();
  for (const [name, { flag }] of Object.entries(FLAGS)) {
    expect(help).toContain(flag);
    expect(help.replace(/\s+/g, " ")).toContain(`(env: ${envName(name as FlagName)})`);
  }
  expect(help).toContain("why [options] <store path>");
});

it.each([
  ["status", "--substituter=off"],
  ["status", "--substituter=nowhere"],
  ["why", "no-path"],
])("niphas mesh %s refuses %s before it asks anybody", async (name, argument) => {
  const command = meshCommand(CONTEXT).exitOverride();
  await expect(command.parseAsync([name, argument], { from: "user" })).rejects.toMatchObject({ kind: "invalid" });
});

it("niphas mesh id prints the same peer id each time, and makes the key that it belongs to", async () => {
  await using directory = temporaryDirectory("mesh-id");
  const stateDir = directory.join("state");
  const printed: string[] = [];
  const id = async (): Promise<void> => {
    const context = { signal: new AbortController().signal, write: (text: string) => void printed.push(text) };
    await meshCommand(context).exitOverride().parseAsync(["id", "--state-dir", stateDir], { from: "user" });
  };
  await id();
  await id();
  expect(printed[0]).toMatch(/^12D3KooW\w+\n$/);
  expect(printed[1]).toBe(printed[0]);
  expect(readdirSync(stateDir)).toEqual([PRIVATE_KEY_FILE]);
});

it("niphas mesh id refuses a directory that is none, naming the flag", async () => {
  const command = meshCommand(CONTEXT).exitOverride();
  await expect(command.parseAsync(["id", "--state-dir", "relative"], { from: "user" })).rejects.toThrow(
    /^--state-dir: /,
  );
});
