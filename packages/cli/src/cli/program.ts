import { Command } from "commander";
import { cleanNodeCommand } from "../clean-node/command.ts";
import { closureCommand } from "../closure/command.ts";
import { controllerCommand } from "../controller/command.ts";
import { doctorCommand } from "../doctor/command.ts";
import { runCommand } from "../run/command.ts";
import { uninstallCommand } from "../uninstall/command.ts";
import { versionCommand } from "../version/command.ts";
import type { CliContext } from "./context.ts";

const OWN_COMMANDS = ["run", "doctor", "closure", "controller", "uninstall", "clean-node", "version"];

/** Every command, by name. */
export const COMMAND_NAMES: readonly string[] = [...OWN_COMMANDS, "csi", "mesh"];

const EXAMPLES = `
Examples:
  niphas run nixpkgs#hello                 build a flake's package and run it, seeing only its closure
  niphas run /nix/store/<hash>-hello       fetch a store path and run it
  niphas doctor                            check what this machine can do
  niphas closure ./result --tree           what a closure holds

Each command has its own --help.`;

/**
 * The command line. Errors are thrown and never printed here; see {@link reportError}.
 * @param commandName the command that will run, or empty for none: the code of the node plugin and of the mesh is large
 *   and only loaded for them and for the list of commands
 */
export async function createProgram(context: CliContext, commandName: string): Promise<Command> {
  const program = new Command("niphas")
    .description("Run Nix closures: on this machine, and on Kubernetes instead of container images.")
    .addHelpText("after", EXAMPLES)
    .helpCommand(false);
  program.addCommand(runCommand(context));
  program.addCommand(doctorCommand(context));
  program.addCommand(closureCommand(context));
  const isOther = !COMMAND_NAMES.includes(commandName);
  if (commandName === "csi" || isOther) program.addCommand(await loadCsiCommand());
  if (commandName === "mesh" || isOther) program.addCommand(await loadMeshCommand(context));
  program.addCommand(controllerCommand(context));
  program.addCommand(uninstallCommand(context));
  program.addCommand(cleanNodeCommand(context));
  program.addCommand(versionCommand(context));
  throwErrors(program, context);
  return program;
}

async function loadCsiCommand(): Promise<Command> {
  const { csiCommand } = await import("@niphas/csi");
  return withSummary(csiCommand());
}

async function loadMeshCommand({ signal, output }: CliContext): Promise<Command> {
  const { meshCommand } = await import("@niphas/mesh/command");
  return withSummary(meshCommand({ signal, write: (text) => output.write(text) }));
}

/** The list of commands has room for one sentence of it. */
function withSummary(command: Command): Command {
  return command.summary(command.description().split("\n")[0] ?? "");
}

/** Commander hands these settings to nobody's child by itself. */
function throwErrors(command: Command, context: CliContext): void {
  command
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.output.write(text),
      writeErr: (text) => context.output.writeError(text),
      outputError: () => undefined,
    });
  for (const child of command.commands) throwErrors(child, context);
}
