import { type NarInfo, NiphasError, untilAborted } from "@niphas/core";
import type { Discovery } from "../discovery/ports.ts";
import type { PathHash, PeerId, PeerPathInfo, PeerQueries } from "../ports.ts";
import { AnswerMemory } from "../upstream/answer-memory.ts";
import { decoderOf } from "../upstream/decode/decoders.ts";
import { infoSizeBytes } from "../upstream/info-size.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import type { WantedNar } from "../upstream/wanted-nar.ts";
import { within } from "./deadline.ts";
import { firstFound } from "./first-found.ts";
import { PLAN_LIMITS } from "./limits.ts";
import type { Clock, KnownPaths, ProvenPart, UpstreamAnswers } from "./ports.ts";
import { neededBy } from "./told-closure.ts";

export interface InfoFinderComponents {
  readonly discovery: Pick<Discovery, "of" | "lookUp">;
  readonly queries: Pick<PeerQueries, "closure">;
  readonly upstreams: UpstreamAnswers;
  readonly proven: ProvenPart;
  readonly known: KnownPaths;
  readonly clock: Clock;
  /** The member that asks the binary caches for the closure of a path on behalf of all. @default nobody */
  readonly ownerOf?: (path: PathHash) => PeerId | undefined;
}

interface Told<I> {
  readonly info: I;
  /** Undefined: a binary cache. */
  readonly by: PeerId | undefined;
}

/**
 * Narinfos of paths: from memory, from one holder, who tells of the whole closure at once, or from upstream. Only what a
 * trusted key has signed, or its content proves, comes out, whoever told it. Each path is found out once, whoever asks; it
 * goes on when they leave.
 */
export class InfoFinder implements Disposable {
  readonly #components: InfoFinderComponents;
  readonly #infos: AnswerMemory<PathHash, Told<NarInfo>>;
  readonly #candidates: AnswerMemory<PathHash, Told<PeerPathInfo>>;
  readonly #doubted: AnswerMemory<PeerId, true>;
  readonly #flights = new Map<PathHash, Promise<NarInfo | undefined>>();
  readonly #end = new AbortController();

  constructor(components: InfoFinderComponents) {
    this.#components = components;
    const nowMs = (): number => components.clock.nowMs();
    const sizeOf = ({ info }: Told<NarInfo | PeerPathInfo>): number => infoSizeBytes(info);
    const { maxInfos, maxInfoBytes, maxCandidates, maxCandidateBytes, maxDoubted } = PLAN_LIMITS;
    this.#infos = new AnswerMemory<PathHash, Told<NarInfo>>({
      capacity: maxInfos,
      maxBytes: maxInfoBytes,
      sizeOf,
      nowMs,
    });
    this.#candidates = new AnswerMemory<PathHash, Told<PeerPathInfo>>({
      capacity: maxCandidates,
      maxBytes: maxCandidateBytes,
      sizeOf,
      nowMs,
    });
    this.#doubted = new AnswerMemory({ capacity: maxDoubted, nowMs });
  }

  /** From memory. */
  recall(path: PathHash): NarInfo | undefined {
    return this.#infos.get(path)?.info;
  }

  /** About what is kept of what members have told and nobody has asked for yet. */
  get candidateBytes(): number {
    return this.#candidates.sizeBytes;
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

  /**
   * A NAR did not come whose size no signature covers: perhaps it was told wrong. It is found out anew, and for a while
   * nothing is taken from who told it but what is signed.
   */
  doubt({ path, narSizeBytes }: WantedNar): void {
    const told = this.#infos.get(pathHashOf(path));
    if (told === undefined || told.info.narSizeBytes !== narSizeBytes) return;
    this.#infos.delete(pathHashOf(path));
    const isSigned = told.info.signatures.length > 0;
    if (told.by !== undefined && !isSigned) this.#doubted.set(told.by, true, PLAN_LIMITS.doubtMs);
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
      const told = this.recall(path);
      if (told !== undefined) return told;
    }
    return undefined;
  }

  /** Of the closure of a trusted path all that was told is kept, to be checked when it is asked for. */
  async #askHolder(path: PathHash, holder: PeerId, limitMs: number, signal: AbortSignal): Promise<void> {
    const { queries, known, clock } = this.#components;
    const infos = await within(clock, limitMs, signal, (limited) =>
      queries.closure(holder, path, known(PLAN_LIMITS.maxKnown), limited),
    );
    const needed = neededBy(path, infos ?? []);
    const asked = needed.get(path);
    if (asked === undefined || (await this.#accept(path, { info: asked, by: holder })) === undefined) return;
    for (const [hash, info] of needed) {
      // What an honest peer has told is not replaced by what another tells.
      const isWanted = this.#infos.get(hash) === undefined && this.#candidates.get(hash) === undefined;
      if (isWanted) this.#candidates.set(hash, { info, by: holder }, PLAN_LIMITS.candidateTtlMs);
    }
  }

  async #checked(path: PathHash): Promise<NarInfo | undefined> {
    const told = this.#candidates.get(path);
    if (told === undefined) return undefined;
    this.#candidates.delete(path);
    return await this.#accept(path, told);
  }

  async #accept(path: PathHash, { info, by }: Told<PeerPathInfo>): Promise<NarInfo | undefined> {
    const proven = await this.#components.proven(info);
    const isDoubted = proven?.signatures.length === 0 && by !== undefined && this.#doubted.get(by) === true;
    if (proven === undefined || isDoubted) return undefined;
    const raw = { ...proven, url: "", compression: "none", fileHash: undefined, fileSizeBytes: undefined };
    return this.recall(path) ?? this.#keep(path, { info: raw, by });
  }

  async #askUpstream(path: PathHash, signal: AbortSignal): Promise<NarInfo | undefined> {
    const answer = await this.#components.upstreams.ask(path, signal);
    return answer.kind === "found" ? this.#keep(path, { info: asServed(answer.info), by: undefined }) : undefined;
  }

  #keep(path: PathHash, told: Told<NarInfo>): NarInfo {
    this.#infos.set(path, told, PLAN_LIMITS.infoTtlMs);
    return told.info;
  }
}

/** What we can undo is served raw. */
function asServed(info: NarInfo): NarInfo {
  const isRaw = decoderOf(info.compression) !== undefined;
  return isRaw ? { ...info, compression: "none", fileHash: undefined, fileSizeBytes: undefined } : info;
}
