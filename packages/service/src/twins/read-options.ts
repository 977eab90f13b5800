import type { Command, OptionValues } from "commander";

/** What a command's flags and variables say, without doing its work. What it refuses it throws, and does not print. */
export async function readOptions<Options extends OptionValues>(
  command: Command,
  args: readonly string[],
): Promise<Options> {
  command
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action(() => undefined);
  await command.parseAsync(args, { from: "user" });
  return command.opts<Options>();
}
