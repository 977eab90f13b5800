import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseNarHash, parseStorePath } from "@niphas/core";
import { ManualClock } from "@niphas/service";
import type { PeerId, PeerPathInfo } from "../../ports.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { PeerTraffic } from "../download/peer-traffic.ts";
import { Transfers } from "../download/transfers.ts";
import type { TransferEvent, WantedNar } from "../ports.ts";
import { NixSource } from "../serving/nix-source.ts";
import { Spools, type SpoolsInit } from "../spool/spools.ts";
import { MemoryCoordinator } from "./memory-coordinator.ts";
import { MemoryPeers } from "./memory-peers.ts";
import { MemoryUpstreamNars } from "./memory-upstream-nars.ts";

const ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz";

/** A NAR of made-up bytes: what is wanted, and the bytes. */
export interface TestNar {
  readonly wanted: WantedNar;
  readonly bytes: Buffer;
}

/** Bytes that differ at each offset that matters, cheap to make. */
export function testNar(sizeBytes: number, index = 0): TestNar {
  const block = createHash("sha512").update(`${index}`).digest();
  const bytes = Buffer.alloc(sizeBytes, block);
  for (let at = 0; at + 4 <= sizeBytes; at += 4096) bytes.writeUInt32LE(at, at);
  const digits = [...createHash("sha256").update(`path ${index}`).digest()].map((byte) => ALPHABET[byte % 32]).join("");
  const path = parseStorePath(`/nix/store/${digits}-nar-${index}`);
  const narHash = parseNarHash(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  return { wanted: { path, narHash, narSizeBytes: sizeBytes }, bytes };
}

export interface TestTransfersInit extends Partial<Omit<SpoolsInit, "directory">> {
  readonly pieceBytes?: number;
  readonly random?: () => number;
  /** Of the spool's file system. */
  readonly freeBytes?: () => number;
  /** In place of a new one, which is removed in the end. */
  readonly directory?: string;
}

const DISK_BYTES = 2 ** 40;

/** Transfers among peers in memory; spools in memory and real files. */
export class TestTransfers implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly peers: MemoryPeers;
  readonly upstream: MemoryUpstreamNars;
  readonly coordinator = new MemoryCoordinator();
  readonly events: TransferEvent[] = [];
  /** NARs whose size may have been told wrong. */
  readonly doubts: WantedNar[] = [];
  readonly lost = new Set<PeerId>();
  readonly valid = new Map<string, PeerPathInfo>();
  readonly traffic: PeerTraffic;
  readonly spools: Spools;
  readonly transfers: Transfers;
  readonly nix: NixSource;
  readonly directory: string;

  private constructor(directory: string, init: TestTransfersInit) {
    const { clock } = this;
    this.directory = directory;
    this.peers = new MemoryPeers({ clock }, init);
    this.upstream = new MemoryUpstreamNars(init);
    this.traffic = new PeerTraffic({
      nars: this.peers,
      holders: this.peers,
      clock,
      isReachable: (peer) => !this.lost.has(peer),
      isNear: () => true,
      random: init.random ?? Math.random,
      observe: (event) => this.events.push(event),
    });
    const freeBytes = init.freeBytes ?? (() => DISK_BYTES);
    const diskSpace = () => ({ freeBytes: freeBytes(), freeBytesRatio: freeBytes() / DISK_BYTES });
    this.spools = new Spools({ diskSpace }, { directory, holdBackMs: Number.POSITIVE_INFINITY, ...init });
    const { traffic, upstream, coordinator, spools } = this;
    const store = { pathInfo: (path: string) => this.valid.get(path) };
    const onDoubt = (wanted: WantedNar): void => void this.doubts.push(wanted);
    this.transfers = new Transfers({ traffic, upstream, coordinator, spools, store, onDoubt });
    this.nix = new NixSource({ transfers: this.transfers, upstream });
  }

  static async create(init: TestTransfersInit = {}): Promise<TestTransfers> {
    const directory = init.directory ?? (await mkdtemp(join(tmpdir(), "niphas-transfer-")));
    const made = new TestTransfers(directory, { ...init, directory });
    await made.spools.start();
    return made;
  }

  /** A peer that has these NARs. */
  hold(
    name: string,
    nars: readonly TestNar[],
    ...rest: Parameters<MemoryPeers["add"]> extends [PeerId, ...infer R] ? R : never
  ): PeerId {
    const peer = name as PeerId;
    const memory = this.peers.add(peer, ...rest);
    for (const { wanted, bytes } of nars) memory.nars.set(pathHashOf(wanted.path), bytes);
    return peer;
  }

  publish(...nars: readonly TestNar[]): void {
    for (const { wanted, bytes } of nars) this.upstream.nars.set(wanted.path, bytes);
  }

  /** As Nix reads it. */
  async get(
    { wanted }: TestNar,
    range = { start: 0, end: wanted.narSizeBytes },
    signal: AbortSignal = new AbortController().signal,
  ) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.nix.open(asInfo(wanted), range, signal)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** Lets time pass until the work has ended. */
  async during<T>(work: Promise<T>, stepMs = 20): Promise<T> {
    let isDone = false;
    const end = (): void => {
      isDone = true;
    };
    work.then(end, end);
    while (!isDone) await this.clock.advance(isDiskBusy() ? 0 : stepMs);
    return await work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.during(this.transfers[Symbol.asyncDispose]());
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The disk takes real time, in which no time of the clock is to pass. */
function isDiskBusy(): boolean {
  return process.getActiveResourcesInfo().includes("FSReqPromise");
}

/** A narinfo around it. */
export function asInfo(wanted: WantedNar) {
  const { isSizeSigned, ...bytes } = wanted;
  return {
    ...bytes,
    url: "nar/opaque.nar",
    compression: "none",
    fileHash: undefined,
    fileSizeBytes: undefined,
    references: [],
    deriver: undefined,
    signatures: [],
    contentAddress: isSizeSigned === false ? `fixed:r:${wanted.narHash}` : undefined,
  };
}
