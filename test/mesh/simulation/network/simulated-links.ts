import type { PeerId, Timer } from "@niphas/mesh";
import type { SimulatedTime } from "../engine/simulated-time.ts";

export interface LinkSpeed {
  readonly upBytesPerMs: number;
  readonly downBytesPerMs: number;
}

/** Bytes on their way from one node to another. */
interface Flow {
  readonly from: Link;
  readonly to: Link;
  readonly onEnd: (isComplete: boolean) => void;
  remainingBytes: number;
  bytesPerMs: number;
  sinceMs: number;
  timer: Timer | undefined;
}

interface Link {
  readonly speed: LinkSpeed;
  readonly up: Set<Flow>;
  readonly down: Set<Flow>;
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
  send(from: PeerId, to: PeerId, sizeBytes: number, onEnd: (isComplete: boolean) => void): void {
    const flow: Flow = {
      from: this.#link(from),
      to: this.#link(to),
      onEnd,
      remainingBytes: sizeBytes,
      bytesPerMs: 0,
      sinceMs: this.#time.nowMs(),
      timer: undefined,
    };
    flow.from.up.add(flow);
    flow.to.down.add(flow);
    this.#share(flow);
  }

  /** Ends all flows of a node. */
  cut(peer: PeerId): void {
    const link = this.#link(peer);
    for (const flow of [...link.up, ...link.down]) this.#end(flow, false);
  }

  /** Ends all flows between two nodes. */
  cutBetween(a: PeerId, b: PeerId): void {
    const [first, second] = [this.#link(a), this.#link(b)];
    for (const flow of [...first.up, ...first.down]) {
      if (flow.from === second || flow.to === second) this.#end(flow, false);
    }
  }

  #link(peer: PeerId): Link {
    const link = this.#links.get(peer);
    if (link === undefined) throw new Error(`no node ${peer} in the simulation`);
    return link;
  }

  /** Gives each flow that is touched by a change its share. */
  #share({ from, to }: Flow): void {
    for (const flow of new Set([...from.up, ...to.down])) {
      const up = flow.from.speed.upBytesPerMs / flow.from.up.size;
      const down = flow.to.speed.downBytesPerMs / flow.to.down.size;
      const bytesPerMs = Math.min(up, down);
      if (bytesPerMs !== flow.bytesPerMs) this.#setSpeed(flow, bytesPerMs);
    }
  }

  #setSpeed(flow: Flow, bytesPerMs: number): void {
    this.#account(flow);
    flow.bytesPerMs = bytesPerMs;
    flow.timer?.cancel();
    flow.timer = this.#time.after(flow.remainingBytes / bytesPerMs, () => this.#end(flow, true));
  }

  #account(flow: Flow): void {
    const nowMs = this.#time.nowMs();
    const movedBytes = Math.min((nowMs - flow.sinceMs) * flow.bytesPerMs, flow.remainingBytes);
    flow.remainingBytes -= movedBytes;
    flow.from.uploadedBytes += movedBytes;
    flow.sinceMs = nowMs;
  }

  #end(flow: Flow, isComplete: boolean): void {
    if (isComplete) {
      flow.from.uploadedBytes += flow.remainingBytes;
      flow.remainingBytes = 0;
    } else {
      this.#account(flow);
    }
    flow.timer?.cancel();
    flow.from.up.delete(flow);
    flow.to.down.delete(flow);
    this.#share(flow);
    flow.onEnd(isComplete);
  }
}
