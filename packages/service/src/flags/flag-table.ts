import { isNiphasError, NiphasError } from "@niphas/core";

/** One flag of a long-running command as `--help` shows it. What its value may be, its parser says. */
export interface Flag {
  readonly flag: string;
  readonly argument: string;
  readonly help: string;
  /** It may be repeated; in the variable its values are separated by blanks. */
  readonly isList?: boolean;
  /** Used and shown when the flag is not given. */
  readonly defaultText?: string;
  /** Shown instead, where the default follows from something else. */
  readonly defaultHelp?: string;
}

export type FlagTable<Name extends string = string> = Readonly<Record<Name, Flag>>;

/** Flag values as text, from the command line or the environment. */
export type RawOptions<Name extends string> = { readonly [Each in Name]?: string | readonly string[] } & {
  /** False with `--no-default-key`. */
  readonly defaultKey?: boolean;
};

/** Every flag of one command, by the name of its option. */
export function flagTable<Name extends string>(table: FlagTable<Name>): FlagTable<Name> {
  return table;
}

/** `--state-dir` of `csi` is also `NIPHAS_CSI_STATE_DIR`. */
export function flagVariable(commandName: string, flag: string): string {
  return `NIPHAS_${commandName}_${flag.slice(2)}`.replaceAll("-", "_").toUpperCase();
}

/**
 * What `parse` says, with its errors naming the flag and its variable.
 * @throws NiphasError InvalidConfiguration
 */
export function nameFlag<T>(commandName: string, { flag }: Flag, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!isNiphasError(cause)) throw cause;
    // Parsers that are used elsewhere too may have named the flag already.
    const prefix = `${flag}: `;
    const words = cause.message.startsWith(prefix) ? cause.message.slice(prefix.length) : cause.message;
    const message = `${flag} (${flagVariable(commandName, flag)}): ${words}`;
    throw new NiphasError("InvalidConfiguration", message, { cause });
  }
}
