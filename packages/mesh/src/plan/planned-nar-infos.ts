import type { NarInfo } from "@niphas/core";
import type { LocalStore, PathHash } from "../ports.ts";
import type { NarInfoSource } from "../substituter/ports.ts";
import type { InfoFinder } from "./info-finder.ts";
import type { Plans } from "./plans.ts";
import type { IsTrusted } from "./ports.ts";

export interface PlannedNarInfosComponents {
  readonly finder: InfoFinder;
  /** @default nobody plans */
  readonly plans?: Pick<Plans, "isFinding">;
  readonly store: Pick<LocalStore, "pathInfo">;
  readonly isTrusted: IsTrusted;
}

/** What Nix is told of paths: what plans have found out, what is valid here, what a holder or upstream says. */
export class PlannedNarInfos implements NarInfoSource {
  readonly #components: PlannedNarInfosComponents;

  constructor(components: PlannedNarInfosComponents) {
    this.#components = components;
  }

  async resolve(path: PathHash, { signal }: { readonly signal: AbortSignal }): Promise<NarInfo | undefined> {
    const { finder } = this.#components;
    return finder.recall(path) ?? (await this.#valid(path)) ?? (await finder.find(path, signal));
  }

  isPending(path: PathHash): boolean {
    const { finder, plans } = this.#components;
    return finder.isFinding(path) || plans?.isFinding(path) === true;
  }

  /** What this node has built or got itself, if it is signed. */
  async #valid(path: PathHash): Promise<NarInfo | undefined> {
    const valid = this.#rowOf(path);
    if (valid === undefined) return undefined;
    const info = { ...valid, url: "", compression: "none", fileHash: undefined, fileSizeBytes: undefined };
    return (await this.#components.isTrusted(info)) ? info : undefined;
  }

  #rowOf(path: PathHash) {
    try {
      return this.#components.store.pathInfo(path);
    } catch {
      return undefined;
    }
  }
}
