import { readFileSync } from "node:fs";
import type { Command, Option } from "commander";
import { describe, expect, it, vi } from "vitest";
import { cleanNodeCommand } from "../clean-node/command.ts";
import { controllerCommand } from "../controller/command.ts";
import { uninstallCommand } from "../uninstall/command.ts";
import type { CliContext } from "./context.ts";

/** The contract that others read. */
const DOCUMENT = readFileSync(new URL("../../../../docs/interfaces.md", import.meta.url), "utf8");

const CONTEXT: CliContext = {
  output: {
    write: () => undefined,
    writeError: () => undefined,
    isTerminal: false,
    isErrorTerminal: false,
    columns: 80,
  },
  env: {},
  workingDir: "/",
  uid: 65_534,
  gid: 65_534,
  homeDir: "/",
  signal: AbortSignal.abort(),
  releaseSignals: () => undefined,
  setExitCode: () => undefined,
};

const COMMANDS: readonly Command[] = [controllerCommand, uninstallCommand, cleanNodeCommand].map((make) =>
  make(CONTEXT)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined }),
);

/** What its flags and variables say, without doing anything. */
async function parse(name: string, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const command = COMMANDS.find((each) => each.name() === name);
  let seen: Record<string, unknown> = {};
  command?.action((flags: Record<string, unknown>) => {
    seen = flags;
  });
  await command?.parseAsync(args, { from: "user" });
  return seen;
}

const OPTIONS = COMMANDS.flatMap((command) =>
  command.options.map((option): [string, string, Option] => [command.name(), option.flags, option]),
);

describe("commands of the cluster", () => {
  it.each(
    OPTIONS,
  )("docs/interfaces.md has a row for niphas %s %s with its variable and default", (name, flags, option) => {
    const variable = `NIPHAS_${name}_${option.name()}`.replaceAll("-", "_").toUpperCase();
    expect(option.envVar).toBe(variable);
    const row = DOCUMENT.split("\n").find((line) => line.startsWith(`| \`${flags}\` | \`${variable}\` |`));
    const shown: unknown = option.defaultValueDescription ?? option.defaultValue ?? "|";
    expect(row).toContain(String(shown));
  });

  it("read each flag before its variable, and the variable before the default", async () => {
    expect(await parse("uninstall", "--node-image=i")).toMatchObject({ stateDir: "/var/lib/niphas", timeout: 240_000 });
    vi.stubEnv("NIPHAS_UNINSTALL_STATE_DIR", "/data/niphas/");
    vi.stubEnv("NIPHAS_UNINSTALL_KUBELET_DIR", "/data/kubelet");
    const flags = ["--node-image=i", "--kubelet-dir=/flag", "--timeout=90s", "--keep-store"];
    expect(await parse("uninstall", ...flags)).toMatchObject({
      stateDir: "/data/niphas",
      kubeletDir: "/flag",
      timeout: 90_000,
      keepStore: true,
    });
    vi.unstubAllEnvs();
  });

  it.each([
    ["controller", "--taint=no key"],
    ["controller", "--health-listen=9810"],
    ["controller", "--log-level=loud"],
    ["controller", "--driver=a/b"],
    ["uninstall", "--timeout=0s"],
    ["uninstall", "--namespace=Upper"],
    ["uninstall", "--node-image= "],
    ["clean-node", "--state-dir=/"],
    ["clean-node", "--state-dir=relative"],
  ])("refuse niphas %s %s and say what is allowed", async (name, flag) => {
    await expect(parse(name, flag)).rejects.toThrow(/is invalid\. It must be /);
  });

  it("refuse arguments and unknown flags", async () => {
    await expect(parse("clean-node", "/var/lib/niphas")).rejects.toMatchObject({ code: "commander.excessArguments" });
    await expect(parse("controller", "--unknown")).rejects.toMatchObject({ code: "commander.unknownOption" });
  });

  it("niphas clean-node is for root only", async () => {
    const command = cleanNodeCommand(CONTEXT);
    await expect(command.parseAsync([], { from: "user" })).rejects.toMatchObject({ code: "InvalidConfiguration" });
  });
});
