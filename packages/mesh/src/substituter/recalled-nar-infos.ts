import { formatNarInfo, type NarInfo } from "@niphas/core";
import type { PathHash } from "../ports.ts";
import { parsePathHash } from "../upstream/path-hash.ts";
import { formatNarUrl } from "./nar-url.ts";
import type { SubstituterObserver } from "./ports.ts";

export interface RecalledNarInfosComponents {
  /** From memory; undefined: somebody would have to be asked. */
  readonly recall: (path: PathHash) => NarInfo | undefined;
  /** @default nobody */
  readonly observe?: SubstituterObserver;
  /** Monotonic. @default performance.now */
  readonly nowMs?: () => number;
}

export const NAR_INFO_TYPE = "text/x-nix-narinfo";
/** Who asks for many leaves no longer time between two. */
const ASKING_MS = 25;
const REQUEST = /^\/([0-9a-z]{32})\.narinfo$/;

/**
 * Narinfos that are in memory, as text. Nix asks for every path of a closure, so that these are most of all requests;
 * they need nothing of what other answers are made with.
 */
export class RecalledNarInfos {
  readonly #components: RecalledNarInfosComponents;
  readonly #nowMs: () => number;
  readonly #texts = new WeakMap<NarInfo, string>();
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(components: RecalledNarInfosComponents) {
    this.#components = components;
    this.#nowMs = components.nowMs ?? (() => performance.now());
  }

  /** Whether one was asked for just now. */
  get isAsked(): boolean {
    return this.#nowMs() - this.#askedMs < ASKING_MS;
  }

  /** @param url of a request, from its slash on */
  answer(url: string): string | undefined {
    const startedMs = this.#nowMs();
    const path = parsePathHash(REQUEST.exec(url)?.[1] ?? "");
    const info = path === undefined ? undefined : this.#components.recall(path);
    if (info === undefined) return undefined;
    this.#askedMs = startedMs;
    const text = this.#texts.get(info) ?? narInfoText(info);
    this.#texts.set(info, text);
    this.#components.observe?.({ request: "narinfo", outcome: "served", tookMs: this.#nowMs() - startedMs });
    return text;
  }
}

/** What Nix is told of a path. */
export function narInfoText(info: NarInfo): string {
  return formatNarInfo({ ...info, url: formatNarUrl(info) });
}
