import { setImmediate } from "node:timers/promises";
import { isNiphasError } from "@niphas/core";
import { CLOSURE, type ClosureQuestion, HAVE } from "../network/rpc/query-kinds.ts";
import { handler, type RequestHandler } from "../network/rpc/request-kind.ts";
import type { LocalStore, PathHash, PeerPathInfo } from "../ports.ts";
import { isShareable } from "../store/is-shareable.ts";
import { pathHashOf } from "../upstream/path-hash.ts";

/** Rows looked up at a stretch: less than 1 ms. */
const SLICE_PATHS = 64;

export interface StoreAnswersComponents {
  readonly store: Pick<LocalStore, "pathInfo" | "closure">;
  /** Of a path that is not here for members, found out for all who want it. @default not */
  readonly findClosure?: (
    question: ClosureQuestion,
    signal: AbortSignal,
  ) => Promise<readonly PeerPathInfo[] | undefined>;
}

/** The other end of `PeerQueries`: what this node's store holds for members, or finds out, of what they name by its hash. */
export class StoreAnswers {
  readonly #store: StoreAnswersComponents["store"];
  readonly #findClosure: NonNullable<StoreAnswersComponents["findClosure"]>;

  constructor(components: StoreAnswersComponents) {
    this.#store = components.store;
    this.#findClosure = components.findClosure ?? (async () => undefined);
  }

  /** Entries of the request handlers. */
  handlers(): readonly (readonly [number, RequestHandler])[] {
    return [
      handler(CLOSURE, (_from, question, signal) => this.closure(question, signal)),
      handler(HAVE, (_from, paths, signal) => this.have(paths, signal)),
    ];
  }

  /** Undefined when the path is not here for members, or no longer, and this node does not find it out for others. */
  async closure(question: ClosureQuestion, signal: AbortSignal): Promise<readonly PeerPathInfo[] | undefined> {
    const { path, known } = question;
    const root = this.#shareable(path);
    if (root === undefined) return await this.#findClosure(question, signal);
    try {
      const infos = await this.#store.closure(root.path, signal);
      const without = new Set(known);
      return infos.filter((info) => isShareable(info) && !without.has(pathHashOf(info.path)));
    } catch (error) {
      if (isNiphasError(error) && (error.code === "PathNotFound" || error.code === "ClosureCollected"))
        return undefined;
      throw error;
    }
  }

  async have(paths: readonly PathHash[], signal: AbortSignal): Promise<readonly PathHash[]> {
    const held: PathHash[] = [];
    for (let start = 0; start < paths.length; start += SLICE_PATHS) {
      signal.throwIfAborted();
      held.push(...paths.slice(start, start + SLICE_PATHS).filter((path) => this.#shareable(path) !== undefined));
      await setImmediate();
    }
    return held;
  }

  #shareable(path: PathHash): PeerPathInfo | undefined {
    const info = this.#store.pathInfo(path);
    return info !== undefined && isShareable(info) ? info : undefined;
  }
}
