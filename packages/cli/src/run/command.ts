import { resolve } from "node:path";
import { NiphasError } from "@niphas/core";
import { Command } from "commander";
import type { CliContext } from "../cli/context.ts";
import {
  addNetrcFileOption,
  addStateDirOption,
  addStoreOption,
  addSubstituterOptions,
  collect,
  type StoreFlags,
} from "../store/store-options.ts";
import { orderBinds, parseBind } from "./bind-spec.ts";
import { type RunRequest, runWorkload } from "./run-workload.ts";
import { parseRunTarget } from "./target.ts";

const EXAMPLES = `
The program sees /nix/store with exactly its closure, a small read-only root,
and empty /tmp, /run and /var. Network and processes are this machine's own.

Examples:
  niphas run nixpkgs#hello
  niphas run .#server --bind ./data:/data:rw --env PORT=8080 -- --verbose
  niphas run /nix/store/<hash>-python3-3.13 --bind .:/app --workdir /app -- script.py
  niphas run /nix/store/<hash>-coreutils --entrypoint bin/ls -- -la /

Exits as the program does, with 128 plus the number when a signal ended it;
with 125 when niphas failed, 126 when the program cannot be executed, 127 when it was not found.`;

interface RunFlags extends StoreFlags {
  readonly bind?: readonly string[];
  readonly env?: readonly string[];
  readonly workdir: string;
  readonly entrypoint?: string;
  readonly quiet?: true;
}

/** `niphas run`. */
export function runCommand(context: CliContext): Command {
  const command = new Command("run")
    .description("Run a flake's package or a store path on this machine, as a pod would run it.")
    .argument("<what>", "a flake reference such as .#app, a store path, or a link to one such as ./result")
    .argument("[args...]", "arguments of the program, after --")
    .option(
      "--bind <src[:dst[:mode]]>",
      "show a file or directory of this machine; ro (default) or rw; may repeat",
      collect,
    )
    .option("--env <name[=value]>", "set a variable, or pass it on from here; may repeat", collect)
    .option("--workdir <dir>", "working directory of the program", "/")
    .option("--entrypoint <path>", "program to run, relative to the store path or absolute in the store")
    .option("--quiet", "no progress on standard error")
    .addHelpText("after", EXAMPLES);
  addStateDirOption(addNetrcFileOption(addSubstituterOptions(addStoreOption(command))));
  return command.action(async (what: string, args: readonly string[], flags: RunFlags) => {
    context.setExitCode(await runWorkload(runRequest(what, args, flags, context.workingDir), context));
  });
}

/** @throws NiphasError InvalidRequest, InvalidStorePath */
function runRequest(what: string, args: readonly string[], flags: RunFlags, workingDir: string): RunRequest {
  if (!flags.workdir.startsWith("/")) {
    throw new NiphasError("InvalidRequest", "--workdir takes an absolute path, as the program sees it");
  }
  return {
    target: parseRunTarget(what, workingDir),
    args,
    binds: orderBinds((flags.bind ?? []).map((text) => parseBind(text, workingDir))),
    env: flags.env ?? [],
    workDir: resolve(flags.workdir),
    entrypoint: flags.entrypoint,
    isQuiet: flags.quiet ?? false,
    store: flags,
  };
}
