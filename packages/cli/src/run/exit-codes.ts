import { isNiphasError } from "@niphas/core";

/** What `niphas run` exits with when the program did not run, as `env`, `nohup` and container tools do. */
export const RUN_EXIT_CODES = {
  /** niphas itself failed. */
  failed: 125,
  /** The program was found and cannot be executed. */
  notExecutable: 126,
  /** The program was not found. */
  notFound: 127,
} as const;

/** The exit code for what `niphas run` threw. */
export function runExitCode(error: unknown): number {
  if (!isNiphasError(error)) return RUN_EXIT_CODES.failed;
  if (error.code === "ProgramNotFound") return RUN_EXIT_CODES.notFound;
  return error.code === "ProgramNotExecutable" ? RUN_EXIT_CODES.notExecutable : RUN_EXIT_CODES.failed;
}
