import { NiphasError, type StorePath } from "@niphas/core";
import { buildFlake } from "@niphas/nix";
import type { ProgressReporter } from "../progress/progress-reporter.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { RunTarget } from "./target.ts";

/** What is run, as store paths that are valid and kept. */
export interface Workload {
  readonly roots: readonly [StorePath, ...StorePath[]];
  readonly subPath: string;
  readonly mainProgram: string | undefined;
  readonly packageName: string | undefined;
}

/**
 * Makes the target's closure present: a flake is evaluated and built on this
 * machine, a store path is fetched unless it is valid already.
 * @throws NiphasError as buildFlake and the realiser of the nix package
 */
export async function realiseWorkload(
  target: RunTarget,
  store: StoreSession,
  signal: AbortSignal,
  reporter: ProgressReporter,
): Promise<Workload> {
  const workload = target.kind === "flake" ? await build(target.reference, store, signal, reporter) : fromPath(target);
  await store.realise(workload.roots, signal, (progress) => reporter.update(progress));
  return workload;
}

function fromPath(target: RunTarget & { kind: "storePath" }): Workload {
  return { roots: [target.storePath], subPath: target.subPath, mainProgram: undefined, packageName: undefined };
}

async function build(
  reference: string,
  store: StoreSession,
  signal: AbortSignal,
  reporter: ProgressReporter,
): Promise<Workload> {
  reporter.step(`evaluating and building ${reference}`);
  const built = await buildFlake(store.nix, reference, {
    signal,
    onProgress: (progress) => {
      if (progress.phase !== "querying") reporter.update(progress);
    },
  });
  const [root, ...others] = built.storePaths;
  if (root === undefined) throw new NiphasError("InvalidRequest", "the flake reference builds nothing: name a package");
  const { mainProgram, packageName } = built;
  return { roots: [root, ...others], subPath: "", mainProgram, packageName };
}
