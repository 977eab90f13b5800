import type { NixLogEvent } from "./internal-json.ts";
import { plainText } from "./redact.ts";

const MAX_MESSAGES = 200;
const MAX_MESSAGE_LENGTH = 2_000;

/** Errors and warnings; libutil/error.hh `Verbosity`. */
const WARNING_LEVEL = 1;
const UNKNOWN_PATHS_HEADING = "don't know how to build these paths:";
const STORE_PATH = /\/nix\/store\/[0-9a-z]{32}-[0-9a-zA-Z+\-._?=]+/;

/** Keeps what explains a failure, without credentials; first and last messages both: causes come first, summaries last. */
export class FailureLog {
  readonly #first: string[] = [];
  readonly #last: string[] = [];
  readonly #unknownPaths = new Set<string>();
  #list: Set<string> | undefined;

  apply(event: NixLogEvent): void {
    if (event.action !== "msg") return;
    if (event.level <= WARNING_LEVEL) this.add(event.text);
    else this.#noteUnknown(event.text.slice(0, MAX_MESSAGE_LENGTH));
  }

  /** For lines that are not in Nix's log format, as from the dynamic linker. */
  add(text: string): void {
    const message = plainText(text.slice(0, MAX_MESSAGE_LENGTH).toWellFormed()).trim();
    if (message === "") return;
    if (this.#first.length < MAX_MESSAGES) {
      this.#first.push(message);
      return;
    }
    this.#last.push(message);
    if (this.#last.length > MAX_MESSAGES) this.#last.shift();
  }

  messages(): readonly string[] {
    return [...this.#first, ...this.#last];
  }

  /** Paths of which Nix said that no substituter knows them. */
  unknownPaths(): readonly string[] {
    return [...this.#unknownPaths];
  }

  #noteUnknown(text: string): void {
    if (text.startsWith(UNKNOWN_PATHS_HEADING)) {
      this.#list = this.#unknownPaths;
      return;
    }
    const path = text.startsWith("  ") ? STORE_PATH.exec(text)?.[0] : undefined;
    if (path === undefined) this.#list = undefined;
    else if (this.#unknownPaths.size < MAX_MESSAGES) this.#list?.add(path);
  }
}
