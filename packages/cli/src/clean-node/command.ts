import { isNiphasError, NiphasError, parseDirectory } from "@niphas/core";
import { Command } from "commander";
import { type CliContext, isRoot } from "../cli/context.ts";
import { envOption } from "../cli/env-option.ts";
import { checked } from "../cli/option-parsers.ts";
import { writeTerminationMessage } from "../terminal/termination-message.ts";

const DESCRIPTION = `Remove from this node what the node plugin has left; niphas uninstall runs it on each.

Unmounts volumes and views, removes the sockets in the kubelet's directory, then the contents of the state directory.
Refuses while a plugin works there, and deletes nothing when something else is mounted in what it would delete.`;

const NOTES = `
Every flag is also an environment variable, and the flag wins. Runs as root, in the host's mount namespace or where
unmounting reaches it.

Examples:
  niphas clean-node
  niphas clean-node --state-dir /data/niphas --keep-store

Exit codes: 0 clean, 5 a plugin or a foreign mount is in the way.`;

interface CleanNodeFlags {
  readonly stateDir: string;
  readonly kubeletDir: string;
  readonly keepStore?: true;
}

/** `niphas clean-node`. What it did is one line on standard error, and in the container's termination message. */
export function cleanNodeCommand(context: CliContext): Command {
  const option = (flags: string, description: string) => envOption("clean-node", flags, description);
  const directory = checked(parseDirectory);
  return new Command("clean-node")
    .description(DESCRIPTION)
    .summary("Remove from this node what the node plugin has left.")
    .addOption(option("--state-dir <dir>", "the plugin's").default("/var/lib/niphas").argParser(directory))
    .addOption(option("--kubelet-dir <dir>", "the kubelet's").default("/var/lib/kubelet").argParser(directory))
    .addOption(option("--keep-store", "leave the store paths, for the next plugin"))
    .addHelpText("after", NOTES)
    .allowExcessArguments(false)
    .action(async (flags: CleanNodeFlags) => {
      if (!isRoot(context))
        throw new NiphasError("InvalidConfiguration", "clean-node unmounts and deletes: run it as root");
      const summary = await cleanReporting(flags, context.signal);
      context.output.writeError(`${summary}\n`);
    });
}

async function cleanReporting({ keepStore, ...directories }: CleanNodeFlags, signal: AbortSignal): Promise<string> {
  try {
    // Loaded only here: the node plugin's code is large.
    const { cleanNode } = await import("./clean-node.ts");
    const summary = await cleanNode({ ...directories, keepStore: keepStore ?? false }, signal);
    writeTerminationMessage([summary]);
    return summary;
  } catch (error) {
    if (isNiphasError(error)) writeTerminationMessage([error.message]);
    throw error;
  }
}
