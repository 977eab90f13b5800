import type { RealiseProgress } from "../ports.ts";
import { ACTIVITY, type NixLogEvent, RESULT } from "./internal-json.ts";
import { redactUrls } from "./redact.ts";

const MAX_SOURCES = 16;
type Result = Extract<NixLogEvent, { readonly action: "result" }>;
type Start = Extract<NixLogEvent, { readonly action: "start" }>;

/** Adds up Nix's activities. What it knows only grows, so that a progress bar never runs backwards. */
export class ProgressTracker {
  #donePaths = 0;
  #totalPaths = 0;
  #totalBytes = 0;
  #finishedBytes = 0;
  #reportedBytes = 0;
  readonly #copies = new Map<number, number>();
  readonly #copyPaths = new Set<number>();
  readonly #sources = new Set<string>();

  /** @returns whether the progress may have changed */
  apply(event: NixLogEvent): boolean {
    if (event.action === "start") return this.#start(event);
    if (event.action === "stop") return this.#stop(event.id);
    if (event.action === "result") return this.#result(event);
    return false;
  }

  current(): RealiseProgress {
    const running = this.#copies.values().reduce((sum, bytes) => sum + bytes, 0);
    this.#reportedBytes = Math.max(this.#reportedBytes, this.#finishedBytes + running);
    return {
      phase: this.#sources.size > 0 ? "fetching" : "querying",
      donePaths: this.#donePaths,
      totalPaths: Math.max(this.#totalPaths, this.#donePaths),
      doneBytes: this.#reportedBytes,
      totalBytes: Math.max(this.#totalBytes, this.#reportedBytes),
      sources: [...this.#sources],
    };
  }

  #start(event: Start): boolean {
    if (event.type === ACTIVITY.copyPaths) this.#copyPaths.add(event.id);
    if (event.type === ACTIVITY.copyPath) this.#copies.set(event.id, 0);
    if (event.type !== ACTIVITY.substitute) return false;
    const source = event.fields[1];
    if (typeof source === "string" && this.#sources.size < MAX_SOURCES) this.#sources.add(redactUrls(source));
    return true;
  }

  #stop(id: number): boolean {
    this.#finishedBytes += this.#copies.get(id) ?? 0;
    this.#copyPaths.delete(id);
    return this.#copies.delete(id);
  }

  #result(event: Result): boolean {
    const [first, second] = event.fields.map(count);
    if (first === undefined || second === undefined) return false;
    if (event.type === RESULT.setExpected && first === ACTIVITY.copyPath) {
      this.#totalBytes = Math.max(this.#totalBytes, second);
      return true;
    }
    if (event.type !== RESULT.progress) return false;
    if (this.#copies.has(event.id)) {
      this.#copies.set(event.id, first);
      return true;
    }
    if (!this.#copyPaths.has(event.id)) return false;
    this.#donePaths = Math.max(this.#donePaths, first);
    this.#totalPaths = Math.max(this.#totalPaths, second);
    return true;
  }
}

/** A hostile cache decides some of these numbers. */
function count(field: string | number): number {
  return typeof field === "number" && Number.isSafeInteger(field) && field > 0 ? field : 0;
}
