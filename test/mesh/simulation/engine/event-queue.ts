/** Something that happens at a time of the simulation. */
export interface SimulatedEvent {
  readonly atMs: number;
  /** Order among events of the same time: first come, first served. */
  readonly order: number;
  readonly run: () => void;
  state: "waiting" | "over" | "cancelled";
}

/** Cancelled events are taken out when they are the larger part. */
const MIN_CANCELLED = 1024;

/** The earliest event first: a binary heap. */
export class EventQueue {
  #heap: SimulatedEvent[] = [];
  #cancelledCount = 0;

  /** Does nothing when it is over. */
  cancel(event: SimulatedEvent): void {
    if (event.state !== "waiting") return;
    event.state = "cancelled";
    this.#cancelledCount++;
    if (this.#cancelledCount < MIN_CANCELLED || this.#cancelledCount * 2 < this.#heap.length) return;
    // A sorted list is a heap.
    this.#heap = this.#heap.filter(({ state }) => state === "waiting").sort(byTime);
    this.#cancelledCount = 0;
  }

  push(event: SimulatedEvent): void {
    this.#heap.push(event);
    let index = this.#heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** When the next event is; undefined when there is none. */
  nextAtMs(): number | undefined {
    while (this.#heap[0]?.state === "cancelled") {
      this.#takeFirst();
      this.#cancelledCount--;
    }
    return this.#heap[0]?.atMs;
  }

  /** Takes the next event. */
  pop(): SimulatedEvent | undefined {
    if (this.nextAtMs() === undefined) return undefined;
    const event = this.#takeFirst();
    if (event !== undefined) event.state = "over";
    return event;
  }

  #takeFirst(): SimulatedEvent | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return first;
    this.#heap[0] = last;
    this.#sink();
    return first;
  }

  #sink(): void {
    let index = 0;
    for (;;) {
      const [left, right] = [2 * index + 1, 2 * index + 2];
      let smallest = index;
      if (left < this.#heap.length && this.#isBefore(left, smallest)) smallest = left;
      if (right < this.#heap.length && this.#isBefore(right, smallest)) smallest = right;
      if (smallest === index) return;
      this.#swap(index, smallest);
      index = smallest;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    return first !== undefined && second !== undefined && byTime(first, second) < 0;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}

function byTime(a: SimulatedEvent, b: SimulatedEvent): number {
  return a.atMs === b.atMs ? a.order - b.order : a.atMs - b.atMs;
}
