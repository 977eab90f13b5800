/** One line of `kubectl describe pod`, repeats counted. */
export interface PodEvent {
  readonly podUid: string;
  readonly reason: "FailedMount" | "FailedUnMount" | "SuccessfulMountVolume";
  readonly message: string;
  readonly count: number;
}

/** What a user would see of a pod's volumes. */
export class PodEvents {
  readonly #events: PodEvent[] = [];

  add(podUid: string, reason: PodEvent["reason"], message: string): void {
    const last = this.#events.findIndex((event) => event.podUid === podUid && event.message === message);
    const known = this.#events[last];
    if (known === undefined) this.#events.push({ podUid, reason, message, count: 1 });
    else this.#events[last] = { ...known, count: known.count + 1 };
  }

  of(podUid: string): readonly PodEvent[] {
    return this.#events.filter((event) => event.podUid === podUid);
  }
}
