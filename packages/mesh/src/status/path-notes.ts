import type { PathHash } from "../ports.ts";
import type { TransferEvent } from "../transfer/ports.ts";

/** What happened to a path's NAR, for `niphas mesh why`. */
export interface PathNote {
  /** ISO 8601. */
  readonly at: string;
  readonly what: string;
}

const MAX_PATHS = 1_024;
const MAX_NOTES_PER_PATH = 8;

/** The last words on the paths that were got last. */
export class PathNotes {
  readonly #notes = new Map<PathHash, readonly PathNote[]>();
  readonly #now: () => Date;

  constructor(init: { readonly now?: () => Date } = {}) {
    this.#now = init.now ?? (() => new Date());
  }

  transferred(event: TransferEvent): void {
    const what = wordsOf(event);
    if (what !== undefined && "path" in event) this.#add(event.path, what);
  }

  /** Oldest first. */
  of(path: PathHash): readonly PathNote[] {
    return this.#notes.get(path) ?? [];
  }

  #add(path: PathHash, what: string): void {
    const notes = [...this.of(path), { at: this.#now().toISOString(), what }];
    this.#notes.delete(path);
    this.#notes.set(path, notes.slice(-MAX_NOTES_PER_PATH));
    const [oldest] = this.#notes.keys();
    if (this.#notes.size > MAX_PATHS && oldest !== undefined) this.#notes.delete(oldest);
  }
}

function wordsOf(event: TransferEvent): string | undefined {
  if (event.kind === "verified") return "its NAR was got and has the signed hash";
  if (event.kind === "refused") return "there was no room for its NAR";
  if (event.kind !== "corrupt") return undefined;
  const { culprits } = event;
  const by =
    culprits.length === 0 ? "it is being found out who gave it" : `wrong bytes came from ${culprits.join(", ")}`;
  return `its NAR did not have the signed hash: ${by}`;
}
