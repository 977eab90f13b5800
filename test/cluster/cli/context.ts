/** What every command is given. */
export interface CommandContext {
  readonly signal: AbortSignal;
  /** For a person, while it works. */
  readonly report: (line: string) => void;
  /** The command's result. */
  readonly print: (text: string) => void;
}
