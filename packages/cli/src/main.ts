import { processContext } from "./cli/context.ts";
import { COMMAND_NAMES, createProgram } from "./cli/program.ts";
import { reportError } from "./cli/report-error.ts";
import { runExitCode } from "./run/exit-codes.ts";
import { signalExitCode } from "./signals/exit-code.ts";
import { watchInterrupts } from "./signals/interrupts.ts";
import { standardOutput } from "./terminal/output.ts";

/**
 * `niphas` itself: runs one command and answers what the process exits with.
 * @param argv arguments without the program's name
 */
export async function main(argv: readonly string[]): Promise<number> {
  const output = standardOutput(process.env);
  const commandName = argv.find((argument) => !argument.startsWith("-")) ?? "";
  const interrupts =
    commandName === "csi" ? undefined : watchInterrupts((signal) => process.exit(signalExitCode(signal)));
  let exitCode = 0;
  const context = processContext({
    output,
    signal: interrupts?.signal ?? new AbortController().signal,
    releaseSignals: () => interrupts?.release(),
    setExitCode: (code) => {
      exitCode = code;
    },
  });
  try {
    const program = await createProgram(context, commandName);
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    const received = interrupts?.received();
    if (received !== undefined) return signalExitCode(received);
    const ownExitCode = reportError(error, errorStyle(argv, commandName), output);
    return commandName === "run" && ownExitCode !== 0 ? runExitCode(error) : ownExitCode;
  }
}

function errorStyle(argv: readonly string[], commandName: string) {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const isKnown = COMMAND_NAMES.includes(commandName);
  return { isJson: own.includes("--json"), commandName: isKnown ? `niphas ${commandName}` : "niphas" };
}
