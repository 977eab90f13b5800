import { type NiphasError, toNiphasError } from "@niphas/core";
import type { Member, PeerId } from "../../ports.ts";
import { LineLimit } from "../line-limit.ts";
import { MemberBoard } from "../member-board.ts";
import { pause } from "../pause.ts";
import { parsePeerIp } from "../peer-address.ts";
import type { IntroducedMembership, MembershipLog, PeerIdentifier } from "../ports.ts";
import type { AddressResolver } from "./address-resolver.ts";
import { KnownHosts } from "./known-hosts.ts";

export interface DnsMembershipComponents {
  readonly resolver: AddressResolver;
  readonly identifier: PeerIdentifier;
  readonly log: MembershipLog;
}

export interface DnsMembershipInit {
  readonly self: PeerId;
  readonly name: string;
  /** The one on which all members listen. */
  readonly port: number;
  /** Between two looks at the name, a tenth of it by chance. @default 2_000 */
  readonly intervalMs?: number;
}

const DEFAULT_INTERVAL_MS = 2_000;
const JITTER = 0.1;
const MAX_HOSTS = 1_000;
/** Hosts that are asked for their peer ids at once. */
const MAX_ASKED = 32;

/**
 * Members by the addresses of a DNS name. DNS says where members may be; who is one is known by the secret of the trust
 * group (docs/adr/0014-members-by-dns.md). A name that has no addresses, or cannot be looked up, changes nothing.
 */
export class DnsMembership implements IntroducedMembership {
  readonly zone = undefined;
  readonly #components: DnsMembershipComponents;
  readonly #init: DnsMembershipInit;
  readonly #board: MemberBoard;
  readonly #hosts = new KnownHosts();
  readonly #lines = new LineLimit();
  readonly #end = new AbortController();
  readonly #asking = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  #problem: NiphasError | undefined;

  constructor(components: DnsMembershipComponents, init: DnsMembershipInit) {
    this.#components = components;
    this.#init = init;
    this.#board = new MemberBoard(init);
  }

  /** Begins to look. Once our own daemon can answer, so that those who look at us find somebody. */
  start(): void {
    this.#running ??= this.#run();
  }

  get problem(): NiphasError | undefined {
    return this.#problem;
  }

  members(): readonly Member[] {
    return this.#board.members();
  }

  onChange(listener: () => void): Disposable {
    return this.#board.onChange(listener);
  }

  introduce(peer: PeerId, host: string): boolean {
    const address = parsePeerIp(host);
    if (address === undefined || !this.#hosts.has(address)) return false;
    this.#hosts.identify(address, peer);
    this.#publish();
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#board.close();
    await Promise.all([this.#running, ...this.#asking]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await this.#look(signal);
      this.#askUnknown(signal);
      const { intervalMs = DEFAULT_INTERVAL_MS } = this.#init;
      await pause(intervalMs * (1 - JITTER * Math.random()), signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    try {
      const found = await this.#components.resolver.resolve(this.#init.name, signal);
      this.#hosts.replace(this.#usable(found));
      this.#problem = undefined;
      this.#lines.forget("look");
      this.#publish();
    } catch (error) {
      if (!signal.aborted) this.#failed(toNiphasError(error));
    }
  }

  #usable(found: readonly string[]): readonly string[] {
    const addresses = [...new Set(found.map(parsePeerIp).filter((address) => address !== undefined))].sort();
    const usable = addresses.slice(0, MAX_HOSTS);
    const ignored = new Set(found).size - usable.length;
    if (ignored > 0 && this.#lines.take("ignored")) {
      this.#components.log.warn({ ignored, used: usable.length }, "addresses of the mesh's DNS name are ignored");
    }
    return usable;
  }

  #failed(error: NiphasError): void {
    this.#problem = error;
    if (!this.#lines.take("look")) return;
    this.#components.log.warn({ code: error.code, reason: error.message }, "the mesh keeps the members it knows");
  }

  #askUnknown(signal: AbortSignal): void {
    for (const host of this.#hosts.takeUnknown(MAX_ASKED - this.#asking.size, performance.now())) {
      const asking = this.#ask(host, signal).finally(() => this.#asking.delete(asking));
      this.#asking.add(asking);
    }
  }

  async #ask(host: string, signal: AbortSignal): Promise<void> {
    try {
      const peerId = await this.#components.identifier.identify({ host, port: this.#init.port }, signal);
      this.#hosts.settle(host, peerId, performance.now());
      this.#publish();
    } catch (error) {
      this.#hosts.settle(host, undefined, performance.now());
      this.#tellStranger(toNiphasError(error));
    }
  }

  /** That nobody answers is usual: a machine may be off. */
  #tellStranger({ code, message }: NiphasError): void {
    if (code !== "PolicyDenied" || !this.#lines.take("stranger")) return;
    this.#components.log.warn({ code, reason: message }, "a machine of the mesh's DNS name is not of our trust group");
  }

  #publish(): void {
    if (!this.#end.signal.aborted) this.#board.replace(this.#hosts.members(this.#init.port));
  }
}
