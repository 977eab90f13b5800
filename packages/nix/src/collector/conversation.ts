import type { Socket } from "node:net";
import { type StorePath, systemErrorCode } from "@niphas/core";
import { connectToSocket } from "./connection.ts";

/** `acknowledged` counts the paths, in order, that the collector promised to keep. */
export type AnnounceOutcome =
  | { readonly state: "acknowledged" }
  | { readonly state: "noCollector" }
  | { readonly state: "disconnected"; readonly acknowledged: number };

/** What connect(2) says when no collector listens: no socket, or one that its dead owner left. */
const NO_COLLECTOR_CODES: readonly (string | undefined)[] = ["ENOENT", "ECONNREFUSED"];

/**
 * A connection to a collector, for one announcement after another: each path is a line, each answer one byte "1",
 * which may take as long as the deletion of that very path.
 * Source: libstore/gc.cc `LocalStore::collectGarbage`, `addTempRoot`; the same in 2.8 and 2.34.
 *
 * It is for the collector to end it, as Nix's own clients leave it: the collector notes the thread of a connection
 * only after it has started it, so one that is gone before that leaves its entry behind, and the next connection with
 * the same descriptor makes the collector crash ("std::terminate() called without exception", seen with 2.34).
 */
export class Conversation {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #failure: unknown;
  #answers = 0;
  #onAnswer: () => void = () => undefined;

  constructor(socketPath: string) {
    this.#socket = connectToSocket(socketPath);
    this.#socket.on("error", (error) => {
      this.#failure = error;
    });
    this.#socket.on("data", (chunk: Buffer) => {
      this.#answers += chunk.length;
      this.#onAnswer();
    });
    this.#closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /**
   * One at a time. The connection stays, without keeping the process alive, unless the signal aborts: then it ends.
   * @throws the signal's reason
   */
  async announce(paths: readonly StorePath[], signal: AbortSignal): Promise<AnnounceOutcome> {
    signal.throwIfAborted();
    const abort = (): void => void this.#socket.destroy();
    signal.addEventListener("abort", abort, { once: true });
    this.#answers = 0;
    this.#socket.ref();
    const answered = new Promise<void>((resolve) => {
      this.#onAnswer = () => this.#answers >= paths.length && resolve();
    });
    this.#socket.write(paths.map((path) => `${path}\n`).join(""));
    await Promise.race([answered, this.#closed]);
    this.#socket.unref();
    signal.removeEventListener("abort", abort);
    return this.#outcome(paths.length, signal);
  }

  #outcome(pathCount: number, signal: AbortSignal): AnnounceOutcome {
    if (this.#answers >= pathCount) return { state: "acknowledged" };
    signal.throwIfAborted();
    if (NO_COLLECTOR_CODES.includes(systemErrorCode(this.#failure))) return { state: "noCollector" };
    return { state: "disconnected", acknowledged: this.#answers };
  }
}
