import { NiphasError } from "@niphas/core";
import { noSpaceError } from "../disk/space.ts";
import type { RealiseProgress } from "../ports.ts";
import type { NixRunner } from "../process/nix-runner.ts";
import { FailureLog } from "../realise/failure-log.ts";
import { parseNixLogLine } from "../realise/internal-json.ts";
import { ProgressTracker } from "../realise/progress-tracker.ts";
import { plainText } from "../realise/redact.ts";
import { storeLayout } from "../store/layout.ts";

const DEFAULT_TIMEOUT_MS = 60 * 60 * 1000;
const MAX_STDOUT_BYTES = 256 * 1024 * 1024;
const SHOWN_MESSAGES = 4;
const SHOWN_LOG_LINES = 10;
/** `resBuildLogLine`, libutil/logging.hh */
const BUILD_LOG_LINE = 101;

export interface NixCommandOptions {
  readonly signal: AbortSignal;
  /** Default one hour. */
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: RealiseProgress) => void;
  /** The builder's output, line by line, as plain text. */
  readonly onBuildLog?: (line: string) => void;
}

/**
 * Runs a subcommand of the new command line and gives its standard output.
 * @throws NiphasError CommandFailed with Nix's last words and the build's last lines, DiskFull, InodesExhausted, Cancelled
 */
export async function runNix(
  nix: NixRunner,
  subcommand: string,
  args: readonly string[],
  options: NixCommandOptions,
): Promise<string> {
  const tracker = new ProgressTracker();
  const failures = new FailureLog();
  const buildLog: string[] = [];
  const result = await nix.run("nix", {
    args: ["--extra-experimental-features", "nix-command flakes", subcommand, "--log-format", "internal-json", ...args],
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxStdoutBytes: MAX_STDOUT_BYTES,
    onStderrLine: (line) => {
      const event = parseNixLogLine(line);
      if (event === undefined) return failures.add(line);
      failures.apply(event);
      if (event.action === "result" && event.type === BUILD_LOG_LINE) {
        const text = plainText(String(event.fields[0] ?? ""));
        buildLog.push(text);
        if (buildLog.length > SHOWN_LOG_LINES) buildLog.shift();
        options.onBuildLog?.(text);
      }
      if (tracker.apply(event)) options.onProgress?.(tracker.current());
    },
  });
  if (result.outcome === "cancelled") throw new NiphasError("Cancelled", "the work was cancelled");
  if (result.outcome === "exited" && result.exitCode === 0) return result.stdout;
  throw commandFailure(`nix ${subcommand}`, failures.messages(), buildLog, storeLayout(nix.settings.store).storeDir);
}

function commandFailure(
  command: string,
  messages: readonly string[],
  buildLog: readonly string[],
  storeDir: string,
): NiphasError {
  if (messages.some((text) => /no space left on device/i.test(text))) return noSpaceError(storeDir, messages);
  const words = messages.slice(-SHOWN_MESSAGES).join("\n");
  const log = buildLog.length === 0 ? "" : `\nlast lines of the build:\n${buildLog.join("\n")}`;
  return new NiphasError("CommandFailed", `${command} failed: ${words === "" ? "it said nothing" : words}${log}`, {
    cause: messages,
  });
}
