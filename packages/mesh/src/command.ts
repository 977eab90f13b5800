import { keepHeapSmall } from "@niphas/service";
import { Command, Option } from "commander";
import { envName, FLAGS, type FlagName, type RawMeshOptions } from "./flags.ts";
import { parseMeshOptions } from "./options.ts";
import { addStatusCommands } from "./status/commands.ts";

const DESCRIPTION = `Serve store paths to the neighbours, and get them from there.

Runs on each machine beside Nix. Nix asks it as the first of its binary caches; it asks the other members of
the mesh before the real ones. Needs no root: it reads the store and writes to its own state directory only.`;

const EXAMPLES = `
Every flag is also an environment variable, and the flag wins; lists are separated by spaces there.
Durations are written 500ms, 90s, 5m, 1h. Port 0 takes any free one; the log line "serving" says which.

Examples:
  niphas mesh --members kubernetes
  niphas mesh --members dns:mesh.example.org --group-secret-file /etc/niphas/mesh/secret --store /
  niphas mesh status
  niphas mesh why /nix/store/<hash>-hello

Signals: SIGTERM and SIGINT let running NARs end within --shutdown-grace; a second one ends at once.
Exit codes: 0 after a signal, 2 wrong flags, 5 the state directory is in use, 8 something is unavailable.
`;

/** What the command gets from the process that it runs in. */
export interface MeshCommandContext {
  /** Ends the daemon, or the question. */
  readonly signal: AbortSignal;
  /** Writes to standard output. */
  readonly write: (text: string) => void;
}

/** `niphas mesh`, with `status` and `why`. Its actions throw NiphasError for what the caller's edge reports. */
export function meshCommand(context: MeshCommandContext): Command {
  const command = new Command("mesh").description(DESCRIPTION).addHelpText("after", EXAMPLES);
  command.allowExcessArguments(false).showHelpAfterError("(niphas mesh --help explains every flag)");
  command.helpCommand(false);
  for (const name of Object.keys(FLAGS).filter(isFlagName)) command.addOption(optionOf(name));
  command.addOption(
    new Option("--no-default-key", "do not trust cache.nixos.org's key").env("NIPHAS_MESH_NO_DEFAULT_KEY"),
  );
  command.action(async (raw: RawMeshOptions) => {
    const options = parseMeshOptions(raw);
    keepHeapSmall();
    // Loaded only here: the daemon is large, and questions to it are not.
    const { runMeshDaemon } = await import("./main.ts");
    await runMeshDaemon(options, context.signal);
  });
  addStatusCommands(command, context);
  return command;
}

/** Defaults are only shown here: options.ts applies them, so that all ways in have the same. */
function optionOf(name: FlagName): Option {
  const { flag, argument, help } = FLAGS[name];
  const { isList = false, defaultText, defaultHelp }: FlagTexts = FLAGS[name];
  const shownDefault = defaultHelp ?? defaultText;
  const text = shownDefault === undefined ? help : `${help} (default: ${shownDefault})`;
  const option = new Option(`${flag} ${argument}`, text).env(envName(name));
  return isList ? option.argParser(collect) : option;
}

interface FlagTexts {
  readonly isList?: boolean;
  readonly defaultText?: string;
  readonly defaultHelp?: string;
}

function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), ...text.split(/\s+/).filter((word) => word !== "")];
}

function isFlagName(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}
