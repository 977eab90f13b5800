import { ERROR_MAPPING, isNiphasError, type NiphasError, toNiphasError } from "@niphas/core";
import { CommanderError } from "commander";
import type { Output } from "../terminal/output.ts";

export interface ErrorStyle {
  /** `{"error": {code, kind, message}}` on standard output instead of a sentence on standard error. */
  readonly isJson: boolean;
  /** The command whose help explains more, such as `niphas run`. */
  readonly commandName: string;
}

/** Prints an error, once, and says what the process exits with. Help that was asked for is not an error. */
export function reportError(error: unknown, style: ErrorStyle, output: Output): number {
  if (error instanceof CommanderError) return reportUsage(error, style, output);
  const known = describe(error);
  if (style.isJson) output.write(`${JSON.stringify({ error: known })}\n`);
  else output.writeError(`niphas: ${known.message}\n`);
  return ERROR_MAPPING[known.kind].exit;
}

function reportUsage(error: CommanderError, style: ErrorStyle, output: Output): number {
  if (error.exitCode === 0) return 0;
  // Help shown for want of a command has been printed already.
  if (error.code === "commander.help") return ERROR_MAPPING.invalid.exit;
  const reason = error.message.replace(/^error: /, "").replaceAll("\n", " ");
  const hint = style.commandName === "niphas run" ? "the program's own arguments come after --; " : "";
  const message = `${reason}; ${hint}see \`${style.commandName} --help\``;
  const known = { code: "InvalidRequest", kind: "invalid", message };
  if (style.isJson) output.write(`${JSON.stringify({ error: known })}\n`);
  else output.writeError(`niphas: ${message}\n`);
  return ERROR_MAPPING.invalid.exit;
}

/** What nobody has named is a bug here or a system error; without a log, its own words are all there is. */
function describe(error: unknown): Pick<NiphasError, "code" | "kind" | "message"> {
  const { code, kind, message } = toNiphasError(error);
  if (code !== "Internal" || isNiphasError(error)) return { code, kind, message };
  const words = error instanceof Error ? error.message : String(error);
  return { code, kind, message: `unexpected error: ${words}; please report it` };
}
