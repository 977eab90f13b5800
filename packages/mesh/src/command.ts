import { flagCommand, keepHeapSmall, MemoryReturn, SystemClock } from "@niphas/service";
import type { Command } from "commander";
import { FLAGS, type RawMeshOptions } from "./flags.ts";
import { addIdentityCommand } from "./identity-command.ts";
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
  niphas mesh id
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

/** `niphas mesh`, with `id`, `status` and `why`. Its actions throw NiphasError for what the caller's edge reports. */
export function meshCommand(context: MeshCommandContext): Command {
  const command = flagCommand("mesh", { description: DESCRIPTION, notes: EXAMPLES }, FLAGS).helpCommand(false);
  command.action(async (raw: RawMeshOptions) => {
    // Loaded only here: the daemon is large, and questions to it are not.
    const { parseMeshOptions } = await import("./options.ts");
    const options = parseMeshOptions(raw);
    keepHeapSmall();
    using _memory = new MemoryReturn({ clock: new SystemClock() });
    const { runMeshDaemon } = await import("./main.ts");
    await runMeshDaemon(options, context.signal);
  });
  addIdentityCommand(command, context);
  addStatusCommands(command, context);
  return command;
}
