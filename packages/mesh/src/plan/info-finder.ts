import { type NarInfo, NiphasError, untilAborted } from "@niphas/core";
import type { Discovery } from "../discovery/ports.ts";
import type { PathHash, PeerId, PeerPathInfo, PeerQueries } from "../ports.ts";
import { AnswerMemory } from "../upstream/answer-memory.ts";
import { decoderOf } from "../upstream/decode/decoders.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import { within } from "./deadline.ts";
import { firstFound } from "./first-found.ts";
import { PLAN_LIMITS } from "./limits.ts";
import type { Clock, IsTrusted, KnownPaths, UpstreamAnswers } from "./ports.ts";

export interface InfoFinderComponents {
  readonly discovery: Pick<Discovery, "of" | "lookUp">;
  readonly queries: Pick<PeerQueries, "closure">;
  readonly upstreams: UpstreamAnswers;
  readonly isTrusted: IsTrusted;
  readonly known: KnownPaths;
  readonly clock: Clock;
  /** The member that asks the binary caches for the closure of a path on behalf of all. @default nobody */
  readonly ownerOf?: (path: PathHash) => PeerId | undefined;
}

/**
 * Narinfos of paths: from memory, from one holder, who tells of the whole closure at once, or from upstream. Only what a
 * trusted key has signed comes out, whoever told it. Each path is found out once, whoever asks; it goes on when they leave.
 */
export class InfoFinder implements Disposable {
  readonly #components: InfoFinderComponents;
  readonly #infos: AnswerMemory<PathHash, NarInfo>;
  readonly #candidates: AnswerMemory<PathHash, PeerPathInfo>;
  readonly #flights = new Map<PathHash, Promise<NarInfo | undefined>>();
  readonly #end = new AbortController();

  constructor(components: InfoFinderComponents) {
    this.#components = components;
    const nowMs = (): number => components.clock.nowMs();
    this.#infos = new AnswerMemory({ capacity: PLAN_LIMITS.maxInfos, nowMs });
    this.#candidates = new AnswerMemory({ capacity: PLAN_LIMITS.maxCandidates, nowMs });
  }

  /** From memory. */
  recall(path: PathHash): NarInfo | undefined {
    return this.#infos.get(path);
  }

  isFinding(path: PathHash): boolean {
    return this.#flights.has(path);
  }

  /**
   * Undefined when nobody has it. @throws the signal's reason
   * @param onQuestion hears of each question to a member or to the binary caches that this begins
   */
  async find(
    path: PathHash,
    signal: AbortSignal,
    onQuestion: () => void = () => undefined,
  ): Promise<NarInfo | undefined> {
    signal.throwIfAborted();
    return (
      this.recall(path) ?? (await untilAborted(this.#flights.get(path) ?? this.#takeOff(path, onQuestion), signal))
    );
  }

  /**
   * Has the owner of a root that no member holds tell its closure, so that nodes that want it at once ask upstream once. It
   * gets a head start and no more: what it tells later is taken while the rest is found out without it. Never fails.
   */
  async askOwner(root: PathHash, onQuestion: () => void = () => undefined): Promise<void> {
    if (this.recall(root) !== undefined || this.#candidates.get(root) !== undefined) return;
    // Its answer does not say how upstream compresses: who cannot unpack everything has to know, to hand files on to Nix.
    if (decoderOf("xz") === undefined) return;
    const { discovery, clock, ownerOf } = this.#components;
    const { signal } = this.#end;
    await discovery.lookUp([root], signal).catch(() => undefined);
    const owner = discovery.of(root).length > 0 ? undefined : ownerOf?.(root);
    if (owner === undefined) return;
    onQuestion();
    const { ownerAnswerMs, ownerHeadStartMs } = PLAN_LIMITS;
    const answered = this.#askHolder(root, owner, ownerAnswerMs, signal).catch(() => undefined);
    await within(clock, ownerHeadStartMs, signal, () => answered).catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.#end.abort(new NiphasError("ShuttingDown", "the mesh is shutting down"));
  }

  #takeOff(path: PathHash, onQuestion: () => void): Promise<NarInfo | undefined> {
    const flight = this.#findOut(path, onQuestion).finally(() => this.#flights.delete(path));
    flight.catch(() => undefined);
    this.#flights.set(path, flight);
    return flight;
  }

  async #findOut(path: PathHash, onQuestion: () => void): Promise<NarInfo | undefined> {
    const { signal } = this.#end;
    const told = await this.#checked(path);
    if (told !== undefined) return told;
    const { discovery, clock } = this.#components;
    await discovery.lookUp([path], signal).catch(() => undefined);
    const holders = discovery.of(path).slice(0, PLAN_LIMITS.maxHolders);
    const askUpstream = (): Promise<NarInfo | undefined> => {
      onQuestion();
      return this.#askUpstream(path, signal);
    };
    if (holders.length === 0) return await askUpstream();
    const questions = [() => this.#askHolders(path, holders, onQuestion, signal), askUpstream];
    return await firstFound(questions, { clock, headStartMs: PLAN_LIMITS.hedgeMs });
  }

  async #askHolders(
    path: PathHash,
    holders: readonly PeerId[],
    onQuestion: () => void,
    signal: AbortSignal,
  ): Promise<NarInfo | undefined> {
    for (const holder of holders) {
      onQuestion();
      await this.#askHolder(path, holder, PLAN_LIMITS.peerAnswerMs, signal).catch(() => undefined);
      const told = await this.#checked(path);
      if (told !== undefined) return told;
    }
    return undefined;
  }

  /** What is told of the whole closure is kept, to be checked when it is asked for. */
  async #askHolder(path: PathHash, holder: PeerId, limitMs: number, signal: AbortSignal): Promise<void> {
    const { queries, known, clock } = this.#components;
    const infos = await within(clock, limitMs, signal, (limited) =>
      queries.closure(holder, path, known(PLAN_LIMITS.maxKnown), limited),
    );
    for (const info of infos ?? []) {
      const hash = pathHashOf(info.path);
      // What an honest peer has told is not replaced by what another tells.
      const isWanted = this.#infos.get(hash) === undefined && this.#candidates.get(hash) === undefined;
      if (isWanted) this.#candidates.set(hash, info, PLAN_LIMITS.candidateTtlMs);
    }
  }

  async #checked(path: PathHash): Promise<NarInfo | undefined> {
    const told = this.#candidates.get(path);
    if (told === undefined) return undefined;
    this.#candidates.delete(path);
    const info = { ...told, url: "", compression: "none", fileHash: undefined, fileSizeBytes: undefined };
    return (await this.#components.isTrusted(info)) ? this.#keep(path, info) : undefined;
  }

  async #askUpstream(path: PathHash, signal: AbortSignal): Promise<NarInfo | undefined> {
    const answer = await this.#components.upstreams.ask(path, signal);
    return answer.kind === "found" ? this.#keep(path, asServed(answer.info)) : undefined;
  }

  #keep(path: PathHash, info: NarInfo): NarInfo {
    this.#infos.set(path, info, PLAN_LIMITS.infoTtlMs);
    return info;
  }
}

/** What we can undo is served raw. */
function asServed(info: NarInfo): NarInfo {
  const isRaw = decoderOf(info.compression) !== undefined;
  return isRaw ? { ...info, compression: "none", fileHash: undefined, fileSizeBytes: undefined } : info;
}
