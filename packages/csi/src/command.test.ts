import { readOptions } from "@niphas/service";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { csiCommand } from "./command.ts";
import { envName, FLAGS, type FlagName, type RawCsiOptions } from "./flags.ts";

beforeEach(() => {
  vi.stubEnv("NIPHAS_CSI_NODE_ID", "from-env");
});
afterEach(() => vi.unstubAllEnvs());

const raw = (...args: readonly string[]): Promise<RawCsiOptions> => readOptions(csiCommand(), args);

it("niphas csi reads each flag from the command line before the environment", async () => {
  vi.stubEnv("NIPHAS_CSI_SUBSTITUTER", "https://a.example https://b.example");
  vi.stubEnv("NIPHAS_CSI_PUBLISH_WAIT", "30s");
  expect(await raw()).toMatchObject({
    nodeId: "from-env",
    substituter: ["https://a.example", "https://b.example"],
    publishWait: "30s",
  });
  const flags = ["--node-id", "flag", "--substituter=https://c.example", "--substituter=https://d.example"];
  expect(await raw(...flags)).toMatchObject({
    nodeId: "flag",
    substituter: ["https://c.example", "https://d.example"],
  });
});

it("niphas csi turns the default key off by flag", async () => {
  expect((await raw("--no-default-key")).defaultKey).toBe(false);
  expect((await raw()).defaultKey).toBe(true);
});

it("niphas csi refuses unknown flags and arguments", async () => {
  await expect(raw("--unknown")).rejects.toMatchObject({ code: "commander.unknownOption" });
  await expect(raw("argument")).rejects.toMatchObject({ code: "commander.excessArguments" });
});

it("niphas csi explains every flag with its variable and default", () => {
  let help = "";
  csiCommand()
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
  expect(help).toContain("default: 90s");
});
