import type { NiphasError } from "@niphas/core";
import type { IntroducedMembership, ObservedMembership } from "../membership/ports.ts";
import type { Introductions } from "../network/admission/introductions.ts";
import type { Member, PeerId } from "../ports.ts";

/**
 * The membership as the network sees it, which needs one before it listens, while a membership needs to know where we
 * listen. Until there is one there are no members, and everybody is refused.
 */
export class LateMembership implements ObservedMembership, Introductions {
  readonly #listeners = new Set<() => void>();
  #membership: ObservedMembership | undefined;
  #subscription: Disposable | undefined;

  /** The membership from now on; it belongs to us. Call once. */
  attach(membership: ObservedMembership): void {
    this.#membership = membership;
    this.#subscription = membership.onChange(() => this.#tell());
    this.#tell();
  }

  members(): readonly Member[] {
    return this.#membership?.members() ?? [];
  }

  get problem(): NiphasError | undefined {
    return this.#membership?.problem;
  }

  get zone(): string | undefined {
    return this.#membership?.zone;
  }

  get isOpen(): boolean {
    return this.#membership !== undefined && takesIntroductions(this.#membership);
  }

  introduce(peer: PeerId, host: string): boolean {
    const membership = this.#membership;
    return membership !== undefined && takesIntroductions(membership) && membership.introduce(peer, host);
  }

  onChange(listener: () => void): Disposable {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    this.#listeners.clear();
    await this.#membership?.[Symbol.asyncDispose]();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function takesIntroductions(membership: ObservedMembership): membership is IntroducedMembership {
  return "introduce" in membership;
}
