import { type ByteString, byteStringText } from "./byte-string.ts";
import type { NarEvent } from "./event.ts";

/** Far more than Nix's largest; a listing is only a convenience. */
const MAX_LISTING_LENGTH = 2 ** 26;

/**
 * Writes a binary cache's `.ls` file: `{"version":1,"root":…}`, each file with its size, mark and `narOffset`.
 * Source: libstore/nar-accessor.cc `listNar`. Takes the events of a reader or the entries of a plan.
 */
export class NarListing {
  readonly #parts: string[] = ['{"version":1,"root":'];
  /** For each directory that is open, whether an entry has come. */
  readonly #open: boolean[] = [];
  #length = 0;
  #isPossible = true;

  add(event: NarEvent): void {
    if (event.kind === "contents" || !this.#isPossible) return;
    if (event.kind === "leave") {
      this.#open.pop();
      this.#write("}}");
      return;
    }
    this.#writeName(event.name);
    if (event.kind === "directory") {
      this.#write('{"type":"directory","entries":{');
      this.#open.push(false);
    } else if (event.kind === "symlink") {
      this.#write(`{"type":"symlink","target":${this.#quote(event.target)}}`);
    } else {
      const executable = event.isExecutable ? ',"executable":true' : "";
      this.#write(`{"type":"regular","size":${event.sizeBytes}${executable},"narOffset":${event.narOffset}}`);
    }
  }

  /**
   * The file, when all events have come. Undefined when there can be none: a name or target is not UTF-8, which
   * JSON cannot hold and for which Nix writes none either, or it would be above 64 Mi characters.
   */
  finish(): string | undefined {
    return this.#isPossible ? `${this.#parts.join("")}}` : undefined;
  }

  #writeName(name: ByteString): void {
    const directory = this.#open.length - 1;
    if (directory < 0) return;
    this.#write(`${this.#open[directory] === true ? "," : ""}${this.#quote(name)}:`);
    this.#open[directory] = true;
  }

  #quote(bytes: ByteString): string {
    const text = byteStringText(bytes);
    if (text === undefined) this.#isPossible = false;
    return JSON.stringify(text ?? "");
  }

  #write(text: string): void {
    this.#length += text.length;
    if (this.#length > MAX_LISTING_LENGTH) this.#isPossible = false;
    if (this.#isPossible) this.#parts.push(text);
    else this.#parts.length = 0;
  }
}
