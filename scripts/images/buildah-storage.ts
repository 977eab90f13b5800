import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { runTool } from "./command.ts";

const CLEAN_UP_TIMEOUT_MS = 60_000;
const RETRY_AFTER_MS = 2000;

/** buildah with a place of its own for images and cached layers. */
export class BuildahStorage implements AsyncDisposable {
  readonly #program: string;
  readonly #directory: string;
  #options: Promise<readonly string[]> | undefined;

  /** @param program buildah's file */
  constructor(program: string, directory: string) {
    this.#program = program;
    this.#directory = directory;
  }

  /** Runs a buildah command and returns what it prints. */
  async run(args: readonly string[], signal: AbortSignal): Promise<string> {
    this.#options ??= this.#open(signal);
    return runTool([this.#program, ...(await this.#options), ...args], signal);
  }

  /** A build that was cut off has left its containers, and their mounts. */
  async [Symbol.asyncDispose](): Promise<void> {
    const options = await this.#options?.catch(() => undefined);
    if (options === undefined) return;
    const removeAll = () =>
      runTool([this.#program, ...options, "rm", "--all"], AbortSignal.timeout(CLEAN_UP_TIMEOUT_MS));
    // What was killed a moment ago may still be going.
    await removeAll().catch(() => setTimeout(RETRY_AFTER_MS).then(removeAll));
  }

  /** overlay is fast; where the kernel or the file system has none, vfs copies whole layers. */
  async #open(signal: AbortSignal): Promise<readonly string[]> {
    const overlay = this.#optionsFor("overlay");
    const options = await runTool([this.#program, ...overlay, "images", "--quiet"], signal).then(
      () => overlay,
      () => this.#optionsFor("vfs"),
    );
    // What a killed build left holds on to its images. What newer builds replaced goes now and not at their end: the
    // images of an index have no name of their own and would go too.
    await runTool([this.#program, ...options, "rm", "--all"], signal);
    await runTool([this.#program, ...options, "rmi", "--prune"], signal);
    return options;
  }

  #optionsFor(driver: "overlay" | "vfs"): readonly string[] {
    const [root, runRoot] = [join(this.#directory, driver), join(this.#directory, `${driver}-run`)];
    return ["--root", root, "--runroot", runRoot, "--storage-driver", driver];
  }
}
