import { formatBytes } from "@niphas/core";
import type { PathHash } from "../ports.ts";
import type { AbandonReason, ByteSource, TransferEvent } from "../transfer/ports.ts";

/** What happened to a path's NAR, for `niphas mesh why`. */
export interface PathNote {
  /** ISO 8601. */
  readonly at: string;
  readonly what: string;
}

interface PathHistory {
  notes: readonly PathNote[];
  /** What came since the last note on how it ended. */
  readonly bytes: Map<ByteSource, number>;
}

const MAX_PATHS = 1_024;
const MAX_NOTES_PER_PATH = 8;
const MAX_SOURCES_PER_PATH = 16;

const ABANDONED: Readonly<Record<AbandonReason, string>> = {
  broken: "it broke off, or did not answer in time",
  gone: "it does not have it any more",
  slow: "it was too slow",
};

/** The last words on the paths that were got last. */
export class PathNotes {
  readonly #histories = new Map<PathHash, PathHistory>();
  readonly #now: () => Date;

  constructor(init: { readonly now?: () => Date } = {}) {
    this.#now = init.now ?? (() => new Date());
  }

  transferred(event: TransferEvent): void {
    if (event.kind === "served") return;
    const history = this.#touch(event.path);
    if (event.kind === "received") addBytes(history.bytes, event.source, event.sizeBytes);
    else this.#note(history, event);
  }

  /** Oldest first. */
  of(path: PathHash): readonly PathNote[] {
    return this.#histories.get(path)?.notes ?? [];
  }

  #note(history: PathHistory, event: Told): void {
    const note = { at: this.#now().toISOString(), what: wordsOf(event, history.bytes) };
    history.notes = [...history.notes, note].slice(-MAX_NOTES_PER_PATH);
    if (event.kind === "verified") history.bytes.clear();
  }

  /** The path is the youngest now, and the oldest one goes when there are too many. */
  #touch(path: PathHash): PathHistory {
    const history = this.#histories.get(path) ?? { notes: [], bytes: new Map() };
    this.#histories.delete(path);
    this.#histories.set(path, history);
    const [oldest] = this.#histories.keys();
    if (this.#histories.size > MAX_PATHS && oldest !== undefined) this.#histories.delete(oldest);
    return history;
  }
}

function addBytes(bytes: Map<ByteSource, number>, source: ByteSource, sizeBytes: number): void {
  if (bytes.has(source) || bytes.size < MAX_SOURCES_PER_PATH) bytes.set(source, (bytes.get(source) ?? 0) + sizeBytes);
}

type Told = Exclude<TransferEvent, { readonly kind: "served" | "received" }>;

function wordsOf(event: Told, bytes: ReadonlyMap<ByteSource, number>): string {
  switch (event.kind) {
    case "verified":
      return `its NAR was got and has the signed hash: ${shares(bytes)}`;
    case "refused":
      return "there was no room for its NAR";
    case "abandoned":
      return `${event.peer} was given up as a source: ${ABANDONED[event.reason]}`;
    case "corrupt":
      return `its NAR did not have the signed hash: ${blame(event.culprits)}`;
  }
}

function shares(bytes: ReadonlyMap<ByteSource, number>): string {
  return [...bytes].map(([source, sizeBytes]) => `${formatBytes(sizeBytes)} from ${source}`).join(", ");
}

function blame(culprits: readonly ByteSource[]): string {
  return culprits.length === 0 ? "it is being found out who gave it" : `wrong bytes came from ${culprits.join(", ")}`;
}
