import { NiphasError } from "../errors.ts";
import { type ByteString, byteString } from "./byte-string.ts";
import type { NarEvent } from "./event.ts";
import {
  isEntryName,
  isLinkTarget,
  LENGTH_BYTES,
  MAGIC,
  MAX_DEPTH,
  MAX_NAME_BYTES,
  MAX_TARGET_BYTES,
  paddingBytes,
} from "./grammar.ts";
import { assertZeros, readLength, StringReader } from "./string-reader.ts";

/** What comes next: `word` a fixed one, the others by name. */
type State =
  | { readonly at: "word"; readonly word: string; readonly next: State }
  | { readonly at: "type" | "executableOrContents" | "entryOrClose" | "name" | "target" }
  | { readonly at: "size" | "contents" | "padding" | "closed" | "end" };

type StringState = Exclude<State, { readonly at: "size" | "contents" | "padding" | "closed" | "end" }>;

const END: State = { at: "end" };
const CLOSED: State = { at: "closed" };
const ENTRY_OR_CLOSE: State = { at: "entryOrClose" };
const NODE = words(["(", "type"], { at: "type" });
const START = words([MAGIC], NODE);
const AFTER_NAME = words(["node"], NODE);
const ENTRY = words(["(", "name"], { at: "name" });
const ENTRY_END = words([")"], ENTRY_OR_CLOSE);
const NODE_END = words([")"], CLOSED);
const SIZE: State = { at: "size" };
const EXECUTABLE = words(["", "contents"], SIZE);
const TARGET = words(["target"], { at: "target" });

const MAX_WORD_BYTES = MAGIC.length;

/**
 * Reads one NAR as it comes, in chunks cut anywhere, and tells what is in it. It keeps a string and the names of the
 * directories that are open (at most 512 KiB), refuses all that is not exactly what Nix writes, and does not
 * trust sizes: who reads from strangers must also end after the bytes that were promised.
 * After an error it is of no more use.
 */
export class NarReader {
  readonly #onEvent: (event: NarEvent) => void;
  readonly #strings = new StringReader();
  /** The last name of each directory that is open. */
  readonly #open: (ByteString | "")[] = [];
  #state: State = START;
  #name = "" as ByteString;
  #isExecutable = false;
  #sizeBytes = 0;
  #leftBytes = 0;
  #offset = 0;

  /** `onEvent` must not keep the bytes of a {@link NarContents}: they are the caller's chunk. */
  constructor(onEvent: (event: NarEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** How many bytes have come. */
  get offset(): number {
    return this.#offset;
  }

  /** True when the NAR is complete: nothing may follow. */
  get isComplete(): boolean {
    return this.#state.at === "end";
  }

  /** @throws NiphasError BadBytes */
  push(chunk: Uint8Array): void {
    const startOffset = this.#offset;
    let at = 0;
    while (at < chunk.length || this.#state.at === "closed") {
      at = this.#step(chunk, at, startOffset);
    }
    this.#offset = startOffset + chunk.length;
  }

  /** Call when there is no more. @throws NiphasError BadBytes when the NAR is not complete */
  end(): void {
    if (!this.isComplete) throw bad("it ends too early");
  }

  /** @returns where the chunk goes on */
  #step(chunk: Uint8Array, at: number, startOffset: number): number {
    switch (this.#state.at) {
      case "end":
        throw bad("something follows it");
      case "closed":
        this.#state = this.#open.length === 0 ? END : ENTRY_END;
        return at;
      case "size":
        return this.#readSize(chunk, at, startOffset);
      case "contents":
        return this.#readContents(chunk, at);
      case "padding":
        return this.#readPadding(chunk, at);
      default:
        return this.#readString(chunk, at, this.#state);
    }
  }

  #readString(chunk: Uint8Array, at: number, state: StringState): number {
    const { bytes, next } = this.#strings.string(chunk, at, maxBytes(state));
    if (bytes !== undefined) this.#state = this.#afterString(state, byteString(bytes));
    return next;
  }

  #afterString(state: StringState, text: ByteString): State {
    switch (state.at) {
      case "word":
        if (text !== state.word) throw bad(`it lacks the word "${state.word}" where it must be`);
        return state.next;
      case "type":
        return this.#enter(text);
      case "executableOrContents":
        this.#isExecutable = text === "executable";
        if (!(this.#isExecutable || text === "contents"))
          throw bad("a file has neither contents nor a mark before them");
        return this.#isExecutable ? EXECUTABLE : SIZE;
      case "entryOrClose":
        return this.#entryOrClose(text);
      case "name":
        this.#takeName(text);
        return AFTER_NAME;
      case "target":
        if (!isLinkTarget(text)) throw bad("a symbolic link is empty or holds a zero byte");
        this.#onEvent({ kind: "symlink", name: this.#name, target: text });
        return NODE_END;
    }
  }

  #enter(type: ByteString): State {
    if (type === "regular") return { at: "executableOrContents" };
    if (type === "symlink") return TARGET;
    if (type !== "directory") throw bad("it holds something that is no file, directory or symbolic link");
    if (this.#open.length === MAX_DEPTH) throw bad(`its directories are more than ${MAX_DEPTH} deep`);
    this.#open.push("");
    this.#onEvent({ kind: "directory", name: this.#name });
    return ENTRY_OR_CLOSE;
  }

  #entryOrClose(text: ByteString): State {
    if (text === "entry") return ENTRY;
    if (text !== ")") throw bad("a directory holds something that is no entry");
    this.#open.pop();
    this.#onEvent({ kind: "leave" });
    return CLOSED;
  }

  #takeName(name: ByteString): void {
    if (!isEntryName(name)) throw bad("an entry has a name that no file can have");
    if (name <= (this.#open.at(-1) ?? "")) throw bad("the entries of a directory are not in order");
    this.#open[this.#open.length - 1] = name;
    this.#name = name;
  }

  #readSize(chunk: Uint8Array, at: number, startOffset: number): number {
    const { bytes, next } = this.#strings.bytes(chunk, at, LENGTH_BYTES);
    if (bytes === undefined) return next;
    this.#sizeBytes = readLength(bytes);
    this.#leftBytes = this.#sizeBytes;
    this.#state = this.#sizeBytes === 0 ? NODE_END : { at: "contents" };
    const narOffset = startOffset + next;
    this.#onEvent({
      kind: "file",
      name: this.#name,
      sizeBytes: this.#sizeBytes,
      isExecutable: this.#isExecutable,
      narOffset,
    });
    return next;
  }

  #readContents(chunk: Uint8Array, at: number): number {
    const bytes = chunk.subarray(at, at + Math.min(this.#leftBytes, chunk.length - at));
    this.#leftBytes -= bytes.length;
    if (this.#leftBytes === 0) this.#state = paddingBytes(this.#sizeBytes) === 0 ? NODE_END : { at: "padding" };
    this.#onEvent({ kind: "contents", bytes });
    return at + bytes.length;
  }

  #readPadding(chunk: Uint8Array, at: number): number {
    const { bytes, next } = this.#strings.bytes(chunk, at, paddingBytes(this.#sizeBytes));
    if (bytes === undefined) return next;
    assertZeros(bytes);
    this.#state = NODE_END;
    return next;
  }
}

function maxBytes(state: StringState): number {
  if (state.at === "name") return MAX_NAME_BYTES;
  return state.at === "target" ? MAX_TARGET_BYTES : MAX_WORD_BYTES;
}

/** These words one after the other, then what follows them. */
function words(texts: readonly string[], last: State): State {
  return texts.reduceRight<State>((next, word) => ({ at: "word", word, next }), last);
}

function bad(reason: string): NiphasError {
  return new NiphasError("BadBytes", `the bytes are no NAR: ${reason}`);
}
