/** `npm run cluster -- COMMAND`; see cli/options.ts. Exit codes: 2 for a wrong command line, else those of packages/core. */
import { ERROR_MAPPING, NiphasError, toNiphasError } from "@niphas/core";
import { COMMAND_TABLE } from "./cli/commands.ts";
import { parseCommandLine, USAGE, UsageError } from "./cli/options.ts";

const INTERRUPTED_EXIT_CODE = 130;

async function main(argv: readonly string[]): Promise<number> {
  const startedAtMs = performance.now();
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(name, () => abort.abort(new Error(`stopped by ${name}`)));
  }
  const report = (line: string): void => {
    const seconds = (performance.now() - startedAtMs) / 1000;
    process.stderr.write(`${seconds.toFixed(1).padStart(6)} s  ${line}\n`);
  };
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  try {
    const options = parseCommandLine(argv);
    if (options === undefined) {
      print(USAGE);
      return 0;
    }
    requireRoot();
    // npm has left the caller's directory, to which names of files refer.
    process.chdir(process.env["INIT_CWD"] ?? ".");
    return await COMMAND_TABLE[options.command](options, { signal: abort.signal, report, print });
  } catch (error) {
    return abort.signal.aborted ? interrupted(abort.signal) : failed(error);
  }
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new NiphasError("InvalidConfiguration", "a cluster's mounts and namespaces need root: run it as root");
}

function interrupted(signal: AbortSignal): number {
  process.stderr.write(`cluster: ${signal.reason instanceof Error ? signal.reason.message : "stopped"}\n`);
  return INTERRUPTED_EXIT_CODE;
}

function failed(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`cluster: ${error.message}; see npm run cluster -- --help\n`);
    return 2;
  }
  const known = toNiphasError(error);
  // An error that nobody has named is for whoever mends the harness.
  process.stderr.write(`cluster: ${known.code === "Internal" ? String(error) : known.message}\n`);
  return ERROR_MAPPING[known.kind].exit;
}

process.exitCode = await main(process.argv.slice(2));
