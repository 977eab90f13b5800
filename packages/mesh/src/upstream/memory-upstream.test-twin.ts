import type { NarInfo } from "@niphas/core";
import type { CacheFile, NarBytes, PathHash, Upstream } from "../ports.ts";
import { UpstreamUnavailable } from "./unavailable.ts";

/** An upstream in memory with faults on demand. */
export class MemoryUpstream implements Upstream {
  readonly name: string;
  readonly infos = new Map<string, NarInfo>();
  readonly nars = new Map<string, Uint8Array>();
  readonly files = new Map<string, Uint8Array>();
  /** The questions that it got. */
  readonly asked: PathHash[] = [];
  /** The bytes from which NARs were asked for. */
  readonly narStarts: number[] = [];
  priority: number;
  /** What it does with questions in place of answering. */
  fault: Error | "hang" | undefined;
  /** Breaks a NAR off before this byte, as often as `breaks` says. */
  breakAt = 0;
  breaks = 0;

  constructor(name: string, priority: number) {
    this.name = name;
    this.priority = priority;
  }

  async narInfo(path: PathHash, signal: AbortSignal): Promise<NarInfo | undefined> {
    this.asked.push(path);
    await this.#misbehave(signal);
    return this.infos.get(path);
  }

  async nar(info: NarInfo, start: number, signal: AbortSignal): Promise<NarBytes> {
    await this.#misbehave(signal);
    this.narStarts.push(start);
    let transferred = 0;
    const body = this.#read(this.nars.get(info.path) ?? Buffer.alloc(0), start, (sizeBytes) => {
      transferred += sizeBytes;
    });
    return { body, transferredBytes: () => transferred };
  }

  async file(name: string, start: number, signal: AbortSignal): Promise<CacheFile | undefined> {
    await this.#misbehave(signal);
    const bytes = this.files.get(name);
    if (bytes === undefined) return undefined;
    const body = this.#read(bytes, start, () => undefined);
    const dispose = async (): Promise<void> => undefined;
    return {
      totalSizeBytes: bytes.length,
      startsAt: start,
      contentEncoding: undefined,
      body,
      [Symbol.asyncDispose]: dispose,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Holds nothing.
  }

  async #misbehave(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.fault instanceof Error) throw this.fault;
    if (this.fault === "hang") await Promise.withResolvers<void>().promise;
  }

  async *#read(bytes: Uint8Array, start: number, count: (sizeBytes: number) => void) {
    for (let at = start; at < bytes.length; at += 100) {
      if (this.breaks > 0 && at >= this.breakAt) {
        this.breaks--;
        throw new UpstreamUnavailable(this.name, "broke off");
      }
      const chunk = bytes.subarray(at, at + 100);
      count(chunk.length);
      yield chunk;
    }
  }
}
