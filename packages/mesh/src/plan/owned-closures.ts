import { isNiphasError, untilAborted } from "@niphas/core";
import { Permits } from "../network/budgets/permits.ts";
import type { PathHash, PeerPathInfo } from "../ports.ts";
import type { InfoFinder } from "./info-finder.ts";
import { PLAN_LIMITS } from "./limits.ts";
import { MissingClosure, type MissingClosureComponents } from "./missing-closure.ts";
import type { PlannedNarInfos } from "./planned-nar-infos.ts";

/** The questions end with the daemon, or when the binary caches have had their time. */
const NEVER = new AbortController().signal;

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
  readonly #permits = new Permits(PLAN_LIMITS.maxOwnedClosures);

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
    const permit = await this.#permits.take(signal);
    const without = new Set(known);
    const questions = new Set<Promise<unknown>>();
    const find: InfoFinder["find"] = async (each, ended) => {
      ended.throwIfAborted();
      // Who asked may leave, and ask anew: the question to the binary caches goes on, and keeps its place here until it ends.
      const question = narInfos.resolve(each, { signal: NEVER });
      questions.add(question);
      question.finally(() => questions.delete(question)).catch(() => undefined);
      const info = await untilAborted(question, ended);
      // What is told has no word for how upstream compresses a path that this node cannot unpack.
      return info?.compression === "none" ? info : undefined;
    };
    const closure = new MissingClosure(
      { finder: { find }, store },
      { roots: [path], isKnown: (each) => without.has(each) },
    );
    try {
      return await untilAborted(closure.resolve(signal), signal);
    } catch (error) {
      if (isNiphasError(error) && (error.code === "PathNotFound" || error.code === "BadBytes")) return undefined;
      throw error;
    } finally {
      void Promise.allSettled(questions).then(() => permit[Symbol.dispose]());
    }
  }
}
