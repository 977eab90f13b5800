import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Member } from "@niphas/mesh";
import type { PeersInit, PeersLine } from "./peers-init.ts";

const PROGRAM = join(import.meta.dirname, "peers-program.ts");

/** Many members of a mesh in a process of their own. */
export class PeersProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #listening = Promise.withResolvers<readonly Member[]>();
  readonly #told = Promise.withResolvers<void>();

  constructor(init: PeersInit, signal: AbortSignal) {
    const args = ["--no-warnings", PROGRAM, JSON.stringify(init)];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#exited = once(child, "exit");
    // Who waits hears of it; it may be that nobody does.
    for (const { promise } of [this.#listening, this.#told]) promise.catch(() => undefined);
    const fail = (reason: unknown): void => {
      this.#listening.reject(reason);
      this.#told.reject(reason);
    };
    child.once("error", fail).once("exit", () => fail(new Error("a process of peers has ended")));
    signal.addEventListener("abort", () => fail(signal.reason), { once: true });
    createInterface({ input: child.stdout }).on("line", (line) => this.#take(JSON.parse(line)));
  }

  get members(): Promise<readonly Member[]> {
    return this.#listening.promise;
  }

  /** When every daemon has the summary of every peer. */
  get told(): Promise<void> {
    return this.#told.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #take(line: PeersLine): void {
    if (line.kind === "told") this.#told.resolve();
    else this.#listening.resolve(line.members);
  }
}
