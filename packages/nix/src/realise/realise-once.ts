import { NiphasError, type StorePath } from "@niphas/core";
import type { RealiseProgress } from "../ports.ts";
import type { NixRunner } from "../process/nix-runner.ts";
import type { ProcessResult } from "../process/run-process.ts";
import { classifyFailure } from "./classify-failure.ts";
import { FailureLog } from "./failure-log.ts";
import { type NixLogEvent, parseNixLogLine } from "./internal-json.ts";
import { ProgressTracker } from "./progress-tracker.ts";

export interface RealiseOptions {
  readonly substituters: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RealiseProgress) => void;
  /** Sees everything that Nix reports. */
  readonly onEvent?: (event: NixLogEvent) => void;
  /** As of `runProcess`. */
  readonly killGraceMs?: number;
}

/**
 * One Nix process that makes the roots' closures valid.
 * @throws NiphasError as `Realiser.realise`; its `cause` is the list of Nix's messages when Nix gave any
 */
export async function realiseOnce(nix: NixRunner, roots: readonly StorePath[], options: RealiseOptions): Promise<void> {
  const tracker = new ProgressTracker();
  const log = new FailureLog();
  const result = await nix.run("nix-store", {
    args: ["--realise", "--log-format", "internal-json", "--", ...roots],
    substituters: options.substituters,
    signal: options.signal,
    ...(options.killGraceMs === undefined ? {} : { killGraceMs: options.killGraceMs }),
    timeoutMs: nix.settings.realiseTimeoutMs,
    onStderrLine: (line) => {
      const event = parseNixLogLine(line);
      if (event === undefined) {
        log.add(line);
        return;
      }
      log.apply(event);
      options.onEvent?.(event);
      if (tracker.apply(event)) options.onProgress(tracker.current());
    },
  });
  assertSucceeded(result, roots, log, nix);
  const { sources, ...last } = tracker.current();
  options.onProgress({
    phase: "done",
    donePaths: last.totalPaths,
    totalPaths: last.totalPaths,
    doneBytes: last.totalBytes,
    totalBytes: last.totalBytes,
    sources,
  });
}

function assertSucceeded(result: ProcessResult, roots: readonly StorePath[], log: FailureLog, nix: NixRunner): void {
  if (result.outcome === "cancelled") throw new NiphasError("Cancelled", "the work was cancelled");
  if (result.outcome === "timedOut") throw timedOut(nix.settings.realiseTimeoutMs, log);
  if (result.exitCode === 0) return;
  throw classifyFailure({ roots, messages: log.messages(), unknownPaths: log.unknownPaths() }, nix.settings);
}

function timedOut(timeoutMs: number, log: FailureLog): NiphasError {
  const last = log.messages().at(-1);
  const message = `fetching did not end within ${Math.round(timeoutMs / 1000)} s`;
  return new NiphasError("SubstituterUnavailable", last === undefined ? message : `${message}; Nix last said: ${last}`);
}
