import { type NarInfo, NiphasError, type StorePath, untilAborted } from "@niphas/core";
import type { CacheFile, NarBytes, PathHash, Upstream } from "../ports.ts";
import { AnswerMemory } from "./answer-memory.ts";
import { GuardedUpstream, type GuardedUpstreamComponents } from "./guarded-upstream.ts";
import { infoSizeBytes } from "./info-size.ts";
import { pathHashOf } from "./path-hash.ts";
import type { PauseInit } from "./pause.ts";
import { type NarPlace, ResumedNar } from "./resumed-nar.ts";
import { isUnsure, type UpstreamAnswer, type UpstreamAttempt } from "./upstream-answer.ts";
import type { WantedNar } from "./wanted-nar.ts";

export interface UpstreamSetComponents {
  /** In the order that settles equal priorities. Closed with the set. */
  readonly upstreams: readonly Upstream[];
  /** Whether a trusted key has signed this; no narinfo is used before. */
  readonly isTrusted: GuardedUpstreamComponents["isTrusted"];
}

export interface UpstreamSetInit {
  /** Longest wait for one upstream's answer to one question. @default 2_000 */
  readonly answerTimeoutMs?: number;
  /** Questions to one upstream at once, as many as Nix asks by default. @default 25 */
  readonly maxQuestions?: number;
  /** How long "nobody has it" counts, 1 to 5 s: a path may be pushed at any moment. @default 3_000 */
  readonly absentTtlMs?: number;
  /** How long a found narinfo counts. @default 600_000 */
  readonly foundTtlMs?: number;
  readonly pause?: PauseInit;
  /** @default Date.now */
  readonly nowMs?: () => number;
}

const DEFAULT_ANSWER_TIMEOUT_MS = 2_000;
const DEFAULT_MAX_QUESTIONS = 25;
const DEFAULT_ABSENT_TTL_MS = 3_000;
const DEFAULT_FOUND_TTL_MS = 600_000;
const MAX_ANSWERS = 16_384;
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** Of an answer without its narinfo. */
const ANSWER_BYTES = 512;
/** A cache that was mended is asked again after this time. */
const ACCUSED_MS = 600_000;

/**
 * All upstreams as one: asked in order of priority, a failing one left alone for a while, equal questions asked once.
 * A question goes on when its asker has left, bounded by its own time-outs, so that a silent upstream is found out and
 * the next asker gets the answer.
 */
export class UpstreamSet implements AsyncDisposable {
  readonly #sources: readonly GuardedUpstream[];
  readonly #init: UpstreamSetInit;
  readonly #answers: AnswerMemory<PathHash, UpstreamAnswer>;
  /** Who gave NARs last, and who gave them wrong. */
  readonly #gave: AnswerMemory<string, ReadonlySet<GuardedUpstream>>;
  readonly #accused: AnswerMemory<string, ReadonlySet<GuardedUpstream>>;
  readonly #flights = new Map<PathHash, Promise<UpstreamAnswer>>();
  readonly #closing = new AbortController();

  constructor(components: UpstreamSetComponents, init: UpstreamSetInit = {}) {
    const { answerTimeoutMs = DEFAULT_ANSWER_TIMEOUT_MS, maxQuestions = DEFAULT_MAX_QUESTIONS } = init;
    const { nowMs = Date.now, pause } = init;
    const { isTrusted } = components;
    this.#init = init;
    this.#sources = components.upstreams.map(
      (upstream) => new GuardedUpstream({ upstream, isTrusted }, { answerTimeoutMs, maxQuestions, nowMs, pause }),
    );
    this.#answers = new AnswerMemory({
      capacity: MAX_ANSWERS,
      maxBytes: MAX_ANSWER_BYTES,
      sizeOf: answerSizeBytes,
      nowMs,
    });
    this.#gave = new AnswerMemory({ capacity: MAX_ANSWERS, nowMs });
    this.#accused = new AnswerMemory({ capacity: MAX_ANSWERS, nowMs });
  }

  /** Their names, in the order in which they are asked now. */
  get names(): readonly string[] {
    return this.#inOrder().map((each) => each.upstream.name);
  }

  /** Whether a question for the path is under way. */
  isAsking(path: PathHash): boolean {
    return this.#flights.has(path);
  }

  /** What the upstreams say, from memory where that is fresh. Their failures are in the attempts. @throws the signal's reason */
  async ask(path: PathHash, signal: AbortSignal): Promise<UpstreamAnswer> {
    signal.throwIfAborted();
    const known = this.#answers.get(path);
    if (known !== undefined) return known;
    return untilAborted(this.#flights.get(path) ?? this.#takeOff(path), signal);
  }

  /**
   * The raw NAR from the byte `start` on, not verified. It goes on at the byte where an upstream broke off, with the
   * same or the next one. Reading throws PathNotFound when no upstream has exactly this NAR, SubstituterUnavailable,
   * BadBytes.
   */
  nar(wanted: WantedNar, start: number, signal: AbortSignal): NarBytes {
    const ended = AbortSignal.any([signal, this.#closing.signal]);
    return new ResumedNar(
      { locate: (without) => this.#locateHonest(wanted, without, ended) },
      { start, signal: ended },
    );
  }

  /** The NAR that these upstreams gave last is not the signed one: for ten minutes others are asked for it, if there are any. */
  accuse(wanted: WantedNar): void {
    const key = keyOf(wanted);
    const accused = new Set([...(this.#accused.get(key) ?? []), ...(this.#gave.get(key) ?? [])]);
    this.#accused.set(key, accused, ACCUSED_MS);
  }

  /** Whether an upstream is left that has neither given this NAR wrong nor gave it last. */
  hasOther(wanted: WantedNar): boolean {
    const key = keyOf(wanted);
    const tried = new Set([...(this.#accused.get(key) ?? []), ...(this.#gave.get(key) ?? [])]);
    return this.#sources.some((source) => !tried.has(source));
  }

  /**
   * The file behind a NAR as the upstream has it, not verified. Undefined when no upstream has this NAR in this
   * compression. @throws NiphasError SubstituterUnavailable, BadBytes
   */
  async compressedNar(
    wanted: WantedNar & { readonly compression: string },
    start: number,
    signal: AbortSignal,
  ): Promise<CacheFile | undefined> {
    const answer = await this.ask(pathHashOf(wanted.path), signal);
    const isThere = answer.kind === "found" && isSameNar(answer.info, wanted);
    if (!isThere || answer.info.compression !== wanted.compression) return undefined;
    return answer.source.run((upstream) => upstream.file(answer.info.url, start, signal), signal);
  }

  /** A file beside the NARs, `<path hash>.ls` or `log/<derivation>`, from the first upstream that answers with it. */
  async file(name: string, signal: AbortSignal): Promise<CacheFile | undefined> {
    for (const source of this.#inOrder()) {
      const file = await source.run((upstream) => upstream.file(name, 0, signal), signal).catch(() => undefined);
      signal.throwIfAborted();
      if (file !== undefined) return file;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new NiphasError("ShuttingDown", "the mesh is shutting down"));
    await Promise.allSettled(this.#flights.values());
    await Promise.all(this.#sources.map((each) => each.upstream[Symbol.asyncDispose]()));
  }

  /** Lower priority first, then the given order. */
  #inOrder(): readonly GuardedUpstream[] {
    const priority = (source: GuardedUpstream): number => Math.min(source.upstream.priority, Number.MAX_SAFE_INTEGER);
    return this.#sources.toSorted((left, right) => priority(left) - priority(right));
  }

  #takeOff(path: PathHash): Promise<UpstreamAnswer> {
    const flight = this.#askAll(path).finally(() => this.#flights.delete(path));
    flight.catch(() => undefined);
    this.#flights.set(path, flight);
    return flight;
  }

  async #askAll(path: PathHash): Promise<UpstreamAnswer> {
    const attempts: UpstreamAttempt[] = [];
    for (const source of this.#inOrder()) {
      const { attempt, info } = await source.ask(path, this.#closing.signal);
      attempts.push(attempt);
      if (info !== undefined) return this.#remember(path, { kind: "found", info, source, attempts });
    }
    return this.#remember(path, { kind: "absent", attempts });
  }

  #remember(path: PathHash, answer: UpstreamAnswer): UpstreamAnswer {
    const { foundTtlMs = DEFAULT_FOUND_TTL_MS, absentTtlMs = DEFAULT_ABSENT_TTL_MS } = this.#init;
    const ttlMs = answer.kind === "found" ? foundTtlMs : absentTtlMs;
    if (!isUnsure(answer)) this.#answers.set(path, answer, ttlMs);
    return answer;
  }

  /** Passes over those that gave the NAR wrong before, unless all have. */
  async #locateHonest(wanted: WantedNar, failed: ReadonlySet<GuardedUpstream>, signal: AbortSignal): Promise<NarPlace> {
    const key = keyOf(wanted);
    const accused = this.#accused.get(key);
    const isAnyLeft = this.#sources.some((source) => accused?.has(source) !== true);
    const without = new Set([...failed, ...(isAnyLeft ? (accused ?? []) : [])]);
    const place = await this.#locate(wanted, without, signal);
    const isResumed = failed.size > 0;
    const before = isResumed ? (this.#gave.get(key) ?? []) : [];
    this.#gave.set(key, new Set([...before, place.source]), ACCUSED_MS);
    return place;
  }

  /** The upstream that was found to have it, else one that was not asked yet. */
  async #locate(wanted: WantedNar, without: ReadonlySet<GuardedUpstream>, signal: AbortSignal): Promise<NarPlace> {
    const path = pathHashOf(wanted.path);
    const answer = await this.ask(path, signal);
    const isIt = ({ source, info }: NarPlace): boolean => !without.has(source) && isSameNar(info, wanted);
    if (answer.kind === "found" && isIt(answer)) return answer;
    // What the memory says did not lead to the bytes.
    this.#answers.delete(path);
    const asked = new Set(answer.attempts.map((each) => each.upstream));
    for (const source of this.#inOrder()) {
      if (asked.has(source.upstream.name) || without.has(source)) continue;
      const { info } = await source.ask(path, signal);
      if (info !== undefined && isIt({ source, info })) return { source, info };
    }
    throw notThere(wanted.path, answer);
  }
}

function answerSizeBytes(answer: UpstreamAnswer): number {
  return ANSWER_BYTES + (answer.kind === "found" ? infoSizeBytes(answer.info) : 0);
}

function keyOf({ path, narHash }: WantedNar): string {
  return `${path} ${narHash}`;
}

function isSameNar(info: NarInfo, wanted: WantedNar): boolean {
  return info.narHash === wanted.narHash && info.narSizeBytes === wanted.narSizeBytes;
}

function notThere(path: StorePath, answer: UpstreamAnswer): NiphasError {
  const tried = answer.attempts.map((each) => `${each.upstream}: ${each.reason}`).join("; ");
  const code = isUnsure(answer) ? "SubstituterUnavailable" : "PathNotFound";
  return new NiphasError(code, `no upstream gives the NAR of ${path} (${tried})`);
}
