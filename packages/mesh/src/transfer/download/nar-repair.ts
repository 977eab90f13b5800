import { isNiphasError, NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import type { ByteSource, WantedNar } from "../ports.ts";
import type { NarSpool } from "../spool/nar-spool.ts";
import type { Spools } from "../spool/spools.ts";
import { culprits } from "../verification/blame.ts";
import { NarDownload, type NarDownloadComponents } from "./nar-download.ts";

/** A NAR that turned out bad. */
export interface BadNar {
  readonly spool: NarSpool;
  /** Peers that passed it on while they were getting it themselves, and could not know. */
  readonly relays: ReadonlySet<PeerId>;
}

export interface NarRepairComponents extends NarDownloadComponents {
  readonly begin: Spools["begin"];
}

type Judge = (source: ByteSource, bad: BadNar) => void;

/** More than the sources of one NAR and the binary caches. */
const MAX_ATTEMPTS = 6;

/**
 * Gets a NAR again that came bad from many sources: from one alone at a time, until one gives the signed bytes. Then
 * the two are compared, which names who lied.
 */
export class NarRepair {
  readonly #components: NarRepairComponents;

  constructor(components: NarRepairComponents) {
    this.#components = components;
  }

  /** With one source there is no doubt. Undefined when there are more, or when it may be the size that is wrong. */
  static plainCulprit({ spool }: BadNar): ByteSource | undefined {
    const [source, ...others] = spool.segments.sources;
    return others.length === 0 && source !== undefined && isSure(spool.wanted, source) ? source : undefined;
  }

  /** Quarantines; peers that passed on what they had not verified yet are let off some times. */
  punish(sources: readonly ByteSource[], bad: BadNar): void {
    const { quarantine, observe } = this.#components.traffic;
    const { path } = bad.spool.wanted;
    const reason = `gave wrong bytes of ${path}`;
    for (const source of sources) {
      if (source === "upstream") this.#components.upstream.accuse(bad.spool.wanted);
      else if (bad.relays.has(source)) quarantine.excuse(source, reason);
      else quarantine.add(source, reason);
    }
    observe({ kind: "corrupt", path: pathHashOf(path), culprits: sources });
  }

  /** The NAR, verified; the peers that gave other bytes are in quarantine. @throws NiphasError BadBytes when nobody has it */
  async run(bad: BadNar, signal: AbortSignal): Promise<NarSpool> {
    // Nobody is guilty of a wrong size, which is proven to be right by the first good NAR.
    const unsure: (readonly [ByteSource, BadNar])[] = [];
    const judge = (source: ByteSource, each: BadNar): void => {
      if (isSure(bad.spool.wanted, source)) this.punish([source], each);
      else unsure.push([source, each]);
    };
    for (const source of this.#candidates(bad)) {
      const good = await this.#tryFrom(bad.spool.wanted, source, judge, signal);
      if (good === undefined) continue;
      for (const [each, gave] of unsure) this.punish([each], gave);
      this.punish(await culprits(bad.spool, good), bad);
      return good;
    }
    this.punish([], bad);
    throw new NiphasError("BadBytes", `nobody gives the NAR of ${bad.spool.wanted.path} that was signed`);
  }

  /** Those who had no part in it first: binary caches, other peers, then those who had. */
  *#candidates({ spool }: BadNar): Generator<ByteSource, void, undefined> {
    const involved = new Set(spool.segments.sources);
    const holders = this.#components.traffic.holders.of(pathHashOf(spool.wanted.path));
    const all = new Set<ByteSource>(["upstream", ...holders, ...involved]);
    const ordered = [...all].sort((left, right) => Number(involved.has(left)) - Number(involved.has(right)));
    let attempts = 0;
    for (const source of ordered) {
      if (source !== "upstream" && !this.#components.traffic.isUsable(source)) continue;
      if (attempts++ < MAX_ATTEMPTS) yield source;
    }
  }

  /** From each of the binary caches, one after the other, as long as they give it wrong. */
  async #tryFrom(
    wanted: WantedNar,
    source: ByteSource,
    judge: Judge,
    signal: AbortSignal,
  ): Promise<NarSpool | undefined> {
    for (;;) {
      const got = await this.#tryAlone(wanted, source, judge, signal);
      if (got !== "bad") return got;
      if (source !== "upstream" || !this.#components.upstream.hasOther(wanted)) return undefined;
    }
  }

  async #tryAlone(
    wanted: WantedNar,
    only: ByteSource,
    judge: Judge,
    signal: AbortSignal,
  ): Promise<NarSpool | "bad" | undefined> {
    const spool = await this.#components.begin(wanted);
    const download = new NarDownload(this.#components, { spool, only });
    try {
      await download.run(signal);
      return spool;
    } catch (error) {
      await spool[Symbol.asyncDispose]();
      signal.throwIfAborted();
      if (isNiphasError(error) && error.kind === "exhausted") throw error;
      const isBad = isNiphasError(error) && error.code === "BadBytes";
      if (isBad) judge(only, { spool, relays: download.relays });
      return isBad ? "bad" : undefined;
    }
  }
}

/** A binary cache has told the size itself, or it is not asked. */
function isSure({ isSizeSigned = true }: WantedNar, source: ByteSource): boolean {
  return isSizeSigned || source === "upstream";
}
