import { Command, Option } from "commander";
import { type Flag, type FlagTable, flagVariable } from "./flag-table.ts";

export interface FlagCommandTexts {
  readonly description: string;
  /** Below the flags. */
  readonly notes: string;
}

/**
 * The command of a long-running process: every flag is also a variable, and the flag wins. Nothing else is taken. The
 * values stay text, for a FlagReader.
 */
export function flagCommand(name: string, { description, notes }: FlagCommandTexts, table: FlagTable): Command {
  const command = new Command(name).description(description).addHelpText("after", notes);
  command.allowExcessArguments(false).showHelpAfterError(`(niphas ${name} --help explains every flag)`);
  for (const flag of Object.values(table)) command.addOption(optionOf(name, flag));
  const noDefaultKey = new Option("--no-default-key", "do not trust cache.nixos.org's key");
  return command.addOption(noDefaultKey.env(flagVariable(name, "--no-default-key")));
}

/** Defaults are only shown here: the reader applies them, so that all ways in have the same. */
function optionOf(
  commandName: string,
  { flag, argument, help, isList = false, defaultText, defaultHelp }: Flag,
): Option {
  const shownDefault = defaultHelp ?? defaultText;
  const text = shownDefault === undefined ? help : `${help} (default: ${shownDefault})`;
  const option = new Option(`${flag} ${argument}`, text).env(flagVariable(commandName, flag));
  return isList ? option.argParser(collect) : option;
}

function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), ...text.split(/\s+/).filter((word) => word !== "")];
}
