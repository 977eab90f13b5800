import { Worker } from "node:worker_threads";
import { NiphasError } from "@niphas/core";
import type { WorkerAnswer, WorkerRequest } from "./worker-messages.ts";

/** From source a TypeScript file; a bundle has it beside the file that this module went into. */
const FILE = new URL(`./nar-worker${/\.[a-z]+$/.exec(import.meta.url)?.[0] ?? ".js"}`, import.meta.url);

const END_TIMEOUT_MS = 5_000;

/** A request without what the thread adds. */
export type NarQuestion = WorkerRequest extends infer Request
  ? Request extends WorkerRequest
    ? Omit<Request, "id">
    : never
  : never;

/** A worker thread and what it has been asked. It keeps the process alive only while an answer is due. */
export class NarThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PromiseWithResolvers<WorkerAnswer>>();
  #nextId = 0;
  #hasEnded = false;

  constructor() {
    // The environment and flags of the main thread (a test runner's loader, say) are no business of the worker.
    this.#worker = new Worker(FILE, { env: {}, execArgv: [] });
    this.#worker.unref();
    this.#worker.on("message", (answer: WorkerAnswer) => this.#settle(answer));
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @throws NiphasError what the worker failed with; StoreUnavailable when it ends before it answers */
  async ask(question: NarQuestion): Promise<WorkerAnswer> {
    const id = this.#nextId++;
    const outcome = Promise.withResolvers<WorkerAnswer>();
    this.#pending.set(id, outcome);
    this.#worker.ref();
    this.#worker.postMessage({ ...question, id });
    return await outcome.promise;
  }

  /**
   * Calls that still run fail. The thread ends by itself when it is through with what it does: Node.js has crashed as a
   * whole when a thread was terminated. One that hangs on a disk is.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.#fail(undefined);
    const exit = Promise.withResolvers<void>();
    this.#worker.once("exit", () => exit.resolve());
    this.#worker.postMessage("end");
    const timer = setTimeout(() => void this.#worker.terminate(), END_TIMEOUT_MS);
    await exit.promise;
    clearTimeout(timer);
  }

  #settle(answer: WorkerAnswer): void {
    const outcome = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if (answer.kind === "failure") outcome?.reject(new NiphasError(answer.code, answer.message));
    else outcome?.resolve(answer);
  }

  #fail(cause: unknown): void {
    this.#hasEnded = true;
    const error = new NiphasError("StoreUnavailable", "the thread that reads the store has ended", { cause });
    for (const outcome of this.#pending.values()) outcome.reject(error);
    this.#pending.clear();
  }
}
