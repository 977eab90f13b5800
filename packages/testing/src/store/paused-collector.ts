import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import type { StoreLocation } from "@niphas/nix";
import { type CommandResult, runCommand } from "../processes/run-command.ts";
import { waitUntil } from "../processes/wait-until.ts";
import { FAST_NIX_OPTIONS, nixEnvironment } from "./nix-environment.ts";

/** Where the collector waits: with its lock and before it looks for roots, or when it has listed all roots. */
export type CollectorStop = "afterLock" | "afterRoots";

export interface PausedCollectorInit {
  readonly store: StoreLocation;
  /** For the FIFO and Nix's caches. */
  readonly scratchDir: string;
  readonly stop: CollectorStop;
  /** Put before `nix-store`, to run it in other namespaces. */
  readonly wrapper?: readonly string[];
}

/** Nix 2.8 knows one hook only, which is where newer ones have their second. */
const HOOKS: Readonly<Record<CollectorStop, readonly string[]>> = {
  afterLock: ["_NIX_TEST_GC_SYNC_1"],
  afterRoots: ["_NIX_TEST_GC_SYNC", "_NIX_TEST_GC_SYNC_2"],
};

/** A foreign `nix-store --gc`, held at one point by Nix's own test hooks: it reads a FIFO to the end there. libstore/gc.cc */
export class PausedCollector implements AsyncDisposable {
  readonly #result: Promise<CommandResult>;
  readonly #abort: AbortController;
  #fifoDescriptor: number | undefined;

  private constructor(fifoDescriptor: number, result: Promise<CommandResult>, abort: AbortController) {
    this.#fifoDescriptor = fifoDescriptor;
    this.#result = result;
    this.#abort = abort;
  }

  /**
   * Starts it and waits until it has come to its stop.
   * @throws Error when it ends before, as Nix 2.8 does for `afterLock`
   */
  static async start(init: PausedCollectorInit): Promise<PausedCollector> {
    const fifo = join(init.scratchDir, `gc-${process.hrtime.bigint()}.fifo`);
    await runCommand(["mkfifo", fifo]);
    const abort = new AbortController();
    const argv = [...(init.wrapper ?? []), "nix-store", "--store", init.store.rootDir, ...FAST_NIX_OPTIONS, "--gc"];
    const hooks = Object.fromEntries(HOOKS[init.stop].map((name) => [name, fifo]));
    let hasEnded = false;
    const env = { ...nixEnvironment(init.scratchDir), ...hooks };
    const result = runCommand(argv, { env, signal: abort.signal, allowFailure: true }).finally(() => {
      hasEnded = true;
    });
    const descriptor = await waitUntil("the collector to stop", () => {
      if (hasEnded) throw new Error(`this Nix has no hook to stop its collector ${init.stop}`);
      return openForWriting(fifo);
    });
    return new PausedCollector(descriptor, result, abort);
  }

  /** Lets it go on and waits for its end. */
  async resume(): Promise<CommandResult> {
    this.#release();
    return this.#result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    this.#abort.abort();
    await this.#result;
  }

  #release(): void {
    if (this.#fifoDescriptor !== undefined) closeSync(this.#fifoDescriptor);
    this.#fifoDescriptor = undefined;
  }
}

/** Succeeds only when somebody has the FIFO open for reading, which is where the collector waits. */
function openForWriting(fifo: string): number | undefined {
  try {
    return openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // ENXIO: nobody reads yet.
    return undefined;
  }
}
