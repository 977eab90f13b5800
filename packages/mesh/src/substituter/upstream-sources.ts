import type { NarInfo } from "@niphas/core";
import type { ByteRange, CacheFile, PathHash } from "../ports.ts";
import { decoderOf } from "../upstream/decode/decoders.ts";
import type { UpstreamSet } from "../upstream/upstream-set.ts";
import { NodeLogs } from "./node-logs.ts";
import type { NarInfoSource, NarSource, SideFileSource } from "./ports.ts";
import { type VerifiedNarInit, verifiedNar } from "./verified-nar.ts";

export interface UpstreamSourcesInit {
  /** What stands before `/nix` of the store whose build logs are served. @default no logs of this node */
  readonly rootDir?: string | undefined;
  readonly verification?: VerifiedNarInit;
}

/** What the substituter serves when there are no peers: everything from upstream, verified here. */
export class UpstreamSources implements NarInfoSource, NarSource, SideFileSource {
  readonly #upstreams: UpstreamSet;
  readonly #logs: NodeLogs | undefined;
  readonly #init: UpstreamSourcesInit;

  constructor(components: { readonly upstreams: UpstreamSet }, init: UpstreamSourcesInit = {}) {
    this.#upstreams = components.upstreams;
    this.#logs = init.rootDir === undefined ? undefined : new NodeLogs({ rootDir: init.rootDir });
    this.#init = init;
  }

  async resolve(path: PathHash, { signal }: { readonly signal: AbortSignal }): Promise<NarInfo | undefined> {
    const answer = await this.#upstreams.ask(path, signal);
    if (answer.kind === "absent") return undefined;
    const isRaw = decoderOf(answer.info.compression) !== undefined;
    return isRaw ? { ...answer.info, compression: "none", fileHash: undefined, fileSizeBytes: undefined } : answer.info;
  }

  isPending(path: PathHash): boolean {
    return this.#upstreams.isAsking(path);
  }

  /** The whole NAR is read, since one hash covers it, whatever the range. */
  async open(info: NarInfo, range: ByteRange, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { body } = this.#upstreams.nar(info, 0, signal);
    return verifiedNar(body, info, range, this.#init.verification);
  }

  async compressed(
    info: NarInfo,
    compression: string,
    start: number,
    signal: AbortSignal,
  ): Promise<CacheFile | undefined> {
    return this.#upstreams.compressedNar({ ...info, compression }, start, signal);
  }

  async listing(path: PathHash, signal: AbortSignal): Promise<CacheFile | undefined> {
    return this.#upstreams.file(`${path}.ls`, signal);
  }

  async log(derivation: string, signal: AbortSignal): Promise<CacheFile | undefined> {
    return (await this.#logs?.open(derivation, signal)) ?? this.#upstreams.file(`log/${derivation}`, signal);
  }
}
