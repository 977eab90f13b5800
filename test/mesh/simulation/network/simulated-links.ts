import type { PeerId, Timer } from "@niphas/mesh";
import type { SimulatedTime } from "../engine/simulated-time.ts";

export interface LinkSpeed {
  readonly upBytesPerMs: number;
  readonly downBytesPerMs: number;
}

/** Bytes on their way from one node to another. */
export interface Flow {
  /** So far. */
  readonly movedBytes: number;
  /** It ends after so many bytes, if that is sooner. */
  shorten(sizeBytes: number): void;
}

interface Link {
  readonly speed: LinkSpeed;
  readonly up: Set<LinkFlow>;
  readonly down: Set<LinkFlow>;
  uploadedBytes: number;
}

/** The network's capacity: each node's flows share its speed in each direction, and a flow has the smaller share of its two ends. */
export class SimulatedLinks {
  readonly #time: SimulatedTime;
  readonly #links = new Map<PeerId, Link>();

  constructor(components: { readonly time: SimulatedTime }) {
    this.#time = components.time;
  }

  add(peer: PeerId, speed: LinkSpeed): void {
    this.#links.set(peer, { speed, up: new Set(), down: new Set(), uploadedBytes: 0 });
  }

  uploadedBytes(peer: PeerId): number {
    return this.#link(peer).uploadedBytes;
  }

  /** Sends; `onEnd` is called once, with false when one of the ends is cut. */
  send(from: PeerId, to: PeerId, sizeBytes: number, onEnd: (isComplete: boolean) => void): Flow {
    const flow = new LinkFlow(this.#time, { from: this.#link(from), to: this.#link(to), sizeBytes, onEnd });
    flow.begin();
    return flow;
  }

  /** Ends all flows of a node. */
  cut(peer: PeerId): void {
    const link = this.#link(peer);
    for (const flow of [...link.up, ...link.down]) flow.end(false);
  }

  /** Ends all flows between two nodes. */
  cutBetween(a: PeerId, b: PeerId): void {
    const [first, second] = [this.#link(a), this.#link(b)];
    for (const flow of [...first.up, ...first.down]) if (flow.isOf(second)) flow.end(false);
  }

  #link(peer: PeerId): Link {
    const link = this.#links.get(peer);
    if (link === undefined) throw new Error(`no node ${peer} in the simulation`);
    return link;
  }
}

interface LinkFlowInit {
  readonly from: Link;
  readonly to: Link;
  readonly sizeBytes: number;
  readonly onEnd: (isComplete: boolean) => void;
}

class LinkFlow implements Flow {
  readonly #time: SimulatedTime;
  readonly #init: LinkFlowInit;
  #sizeBytes: number;
  #accountedBytes = 0;
  #bytesPerMs = 0;
  #sinceMs: number;
  #timer: Timer | undefined;
  #isOver = false;

  constructor(time: SimulatedTime, init: LinkFlowInit) {
    this.#time = time;
    this.#init = init;
    this.#sizeBytes = init.sizeBytes;
    this.#sinceMs = time.nowMs();
  }

  get movedBytes(): number {
    const onTheWay = this.#isOver ? 0 : (this.#time.nowMs() - this.#sinceMs) * this.#bytesPerMs;
    return Math.min(this.#accountedBytes + onTheWay, this.#sizeBytes);
  }

  isOf(link: Link): boolean {
    return this.#init.from === link || this.#init.to === link;
  }

  begin(): void {
    this.#init.from.up.add(this);
    this.#init.to.down.add(this);
    this.#share();
  }

  shorten(sizeBytes: number): void {
    if (this.#isOver || sizeBytes >= this.#sizeBytes) return;
    this.#account();
    this.#sizeBytes = Math.max(sizeBytes, this.#accountedBytes);
    this.#setTimer();
  }

  end(isComplete: boolean): void {
    this.#account();
    if (isComplete) {
      this.#init.from.uploadedBytes += this.#sizeBytes - this.#accountedBytes;
      this.#accountedBytes = this.#sizeBytes;
    }
    this.#isOver = true;
    this.#timer?.cancel();
    this.#init.from.up.delete(this);
    this.#init.to.down.delete(this);
    this.#share();
    this.#init.onEnd(isComplete);
  }

  /** Gives each flow that is touched by a change its share. */
  #share(): void {
    for (const flow of this.#init.from.up) flow.#adapt();
    for (const flow of this.#init.to.down) flow.#adapt();
  }

  #adapt(): void {
    const { from, to } = this.#init;
    const up = from.speed.upBytesPerMs / from.up.size;
    const down = to.speed.downBytesPerMs / to.down.size;
    const bytesPerMs = Math.min(up, down);
    if (bytesPerMs === this.#bytesPerMs) return;
    this.#account();
    this.#bytesPerMs = bytesPerMs;
    this.#setTimer();
  }

  #setTimer(): void {
    this.#timer?.cancel();
    const leftMs = (this.#sizeBytes - this.#accountedBytes) / this.#bytesPerMs;
    this.#timer = this.#time.after(leftMs, () => this.end(true));
  }

  #account(): void {
    const moved = this.movedBytes;
    this.#init.from.uploadedBytes += moved - this.#accountedBytes;
    this.#accountedBytes = moved;
    this.#sinceMs = this.#time.nowMs();
  }
}
