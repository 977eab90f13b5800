import { isNiphasError, untilAborted } from "@niphas/core";
import type { PathHash, PeerPathInfo } from "../ports.ts";
import type { InfoFinder } from "./info-finder.ts";
import { MissingClosure, type MissingClosureComponents } from "./missing-closure.ts";
import type { PlannedNarInfos } from "./planned-nar-infos.ts";

export interface OwnedClosuresComponents {
  readonly narInfos: Pick<PlannedNarInfos, "resolve">;
  readonly store: MissingClosureComponents["store"];
  /** Whether this node is the owner of the path. */
  readonly isOwned: (path: PathHash) => boolean;
}

/**
 * Closures that no member holds yet, found out by their owner for all who ask: each of their narinfos is asked of the binary
 * caches once, however many nodes want them at once. What is told is signed, and who asks checks it.
 */
export class OwnedClosures {
  readonly #components: OwnedClosuresComponents;

  constructor(components: OwnedClosuresComponents) {
    this.#components = components;
  }

  /** Without what `known` names. Undefined when the path is another node's, or nobody has it. @throws the signal's reason */
  async find(
    { path, known }: { readonly path: PathHash; readonly known: readonly PathHash[] },
    signal: AbortSignal,
  ): Promise<readonly PeerPathInfo[] | undefined> {
    const { narInfos, store, isOwned } = this.#components;
    if (!isOwned(path)) return undefined;
    const without = new Set(known);
    const find: InfoFinder["find"] = (each, ended) => narInfos.resolve(each, { signal: ended });
    const closure = new MissingClosure(
      { finder: { find }, store },
      { roots: [path], isKnown: (each) => without.has(each) },
    );
    try {
      return await untilAborted(closure.resolve(signal), signal);
    } catch (error) {
      if (isNiphasError(error) && (error.code === "PathNotFound" || error.code === "BadBytes")) return undefined;
      throw error;
    }
  }
}
