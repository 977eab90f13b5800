import { NiphasError } from "@niphas/core";
import { storeLayout } from "@niphas/nix";
import { type CliContext, isRoot } from "../cli/context.ts";
import type { EnterFailure, EnterSpec } from "../enter/enter-spec.ts";
import { createProgressReporter, type ProgressReporter, progressStyle } from "../progress/progress-reporter.ts";
import { enterRootFile } from "../session/entry-file.ts";
import { runSession } from "../session/session.ts";
import { withStore } from "../store/open-store.ts";
import { type StoreFlags, stateDirOf } from "../store/store-options.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { BindSpec } from "./bind-spec.ts";
import { programEnvironment } from "./environment.ts";
import { collectEtcFiles, resolveBind, terminalPath } from "./host-files.ts";
import { chooseMainProgram } from "./main-program.ts";
import { prepareView } from "./prepare-view.ts";
import { makeRootDir, removeRootDir } from "./root-dir.ts";
import { PhysicalStoreFiles } from "./store-files.ts";
import type { RunTarget } from "./target.ts";
import { realiseWorkload, type Workload } from "./workload.ts";

export interface RunRequest {
  readonly target: RunTarget;
  readonly args: readonly string[];
  /** In the order in which they are mounted. */
  readonly binds: readonly BindSpec[];
  readonly env: readonly string[];
  readonly workDir: string;
  readonly entrypoint: string | undefined;
  readonly isQuiet: boolean;
  readonly store: StoreFlags;
}

/**
 * Realises the target, shows exactly its closure to its main program, and waits for that.
 * @returns the program's exit code, 128 plus the signal's number when a signal ended it
 * @throws NiphasError ProgramNotFound, ProgramNotExecutable and all that can fail before the program runs
 */
export async function runWorkload(request: RunRequest, context: CliContext): Promise<number> {
  const { output } = context;
  const reporter = createProgressReporter(output, progressStyle(output, request.isQuiet));
  try {
    return await withStore(request.store, context, { isCreated: true }, async (store) => {
      const workload = await realiseWorkload(request.target, store, context.signal, reporter);
      return await execute(request, workload, store, context, reporter);
    });
  } finally {
    reporter.close();
  }
}

async function execute(
  request: RunRequest,
  workload: Workload,
  store: StoreSession,
  context: CliContext,
  reporter: ProgressReporter,
): Promise<number> {
  const files = new PhysicalStoreFiles(storeLayout(store.location).storeDir);
  const program = chooseMainProgram({ ...workload, entrypoint: request.entrypoint }, files);
  const binds = request.binds.map(resolveBind);
  const stateDir = stateDirOf(request.store, context);
  const view = await prepareView({ store, roots: workload.roots, stateDir, isRoot: isRoot(context) }, context.signal);
  const newRootDir = makeRootDir(stateDir);
  const letGo = once(async () => {
    removeRootDir(newRootDir);
    await view.release();
  });
  try {
    const env = programEnvironment({ host: context.env, roots: workload.roots, binds, requested: request.env });
    const spec: EnterSpec = {
      newRootDir,
      parentPid: process.pid,
      isRoot: isRoot(context),
      etcFiles: collectEtcFiles(context, env.HOME),
      view: view.enter,
      binds,
      terminalPath: terminalPath(),
      program,
      args: [program, ...request.args],
      env,
      workDir: request.workDir,
    };
    reporter.close();
    context.signal.throwIfAborted();
    context.releaseSignals();
    const result = await runSession(spec, { entryFile: enterRootFile(), onStarted: letGo });
    if (result.outcome === "failed") throw startError(result.failure);
    return result.exitCode;
  } finally {
    await letGo();
  }
}

function startError(failure: EnterFailure): NiphasError {
  const codes = { missing: "ProgramNotFound", program: "ProgramNotExecutable", niphas: "MountFailed" } as const;
  return new NiphasError(codes[failure.reason], failure.message);
}

/** The first call does the work, all later ones wait for it. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
