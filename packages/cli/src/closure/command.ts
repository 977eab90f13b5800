import { NiphasError } from "@niphas/core";
import { Command, InvalidArgumentError } from "commander";
import type { CliContext } from "../cli/context.ts";
import { parseRunTarget } from "../run/target.ts";
import { withStore } from "../store/open-store.ts";
import { addStateDirOption, addStoreOption, type StoreFlags } from "../store/store-options.ts";
import { closureReport } from "./closure-report.ts";
import { closureJson, renderClosure } from "./render-closure.ts";

const DEFAULT_LARGEST = 10;

const EXAMPLES = `
Examples:
  niphas closure /nix/store/<hash>-hello
  niphas closure ./result --tree
  niphas closure /nix/store/<hash>-hello --store /var/lib/niphas/store --largest 20
  niphas closure ./result --json | jq '.paths[0]'`;

interface ClosureFlags extends StoreFlags {
  readonly json?: true;
  readonly tree?: true;
  readonly largest?: number;
}

/** `niphas closure`; the JSON is described at {@link closureJson}. */
export function closureCommand(context: CliContext): Command {
  const command = new Command("closure")
    .description("Show what a store path needs to run: size, count, largest paths, tree. Fetches nothing.")
    .argument("<store path>", "a path in the store, or a link to one such as ./result")
    .option("--json", "print JSON")
    .option("--tree", "draw what refers to what; [...] marks what was drawn before")
    .option("--largest <n>", `list the n largest paths (default: ${DEFAULT_LARGEST}, or none with --tree)`, parseCount)
    .addHelpText("after", EXAMPLES);
  addStateDirOption(addStoreOption(command));
  return command.action(async (text: string, flags: ClosureFlags) => {
    const target = parseRunTarget(text, context.workingDir);
    if (target.kind !== "storePath") {
      throw new NiphasError(
        "InvalidStorePath",
        "closure takes a path in the store: build the flake first, then give ./result",
      );
    }
    const rows = await withStore(flags, context, { isCreated: false }, (store) =>
      store.closure([target.storePath], context.signal),
    );
    const report = closureReport(target.storePath, rows);
    if (flags.json) context.output.write(closureJson(report, flags.largest));
    else context.output.write(renderClosure(report, { isTree: flags.tree ?? false, largest: largestOf(flags) }));
  });
}

function largestOf(flags: ClosureFlags): number {
  return flags.largest ?? (flags.tree ? 0 : DEFAULT_LARGEST);
}

function parseCount(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError("it takes a number, 0 or more.");
  return Number(text);
}
