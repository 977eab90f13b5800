import { type NiphasError, toNiphasError } from "@niphas/core";
import { backOffMs, type KubeClient, LEASES, type Lease, NODES } from "@niphas/kube";
import { LineLimit } from "../line-limit.ts";
import { pause } from "../pause.ts";
import type { MembershipLog } from "../ports.ts";
import { leaseName, leasePatch, type OwnRegistration, readLease, zoneOf } from "./lease-format.ts";

export interface LeaseRegistrationComponents {
  readonly client: Pick<KubeClient, "get" | "patch">;
  readonly log: MembershipLog;
  /** Our Lease as it was last seen. */
  readonly present: () => Lease | undefined;
}

export interface LeaseRegistrationInit {
  readonly nodeName: string;
  readonly namespace: string;
  readonly own: OwnRegistration;
  /** @default 600_000 */
  readonly renewAfterMs?: number;
  /** The first wait after a failure, or after somebody else has changed the Lease. @default 1_000 */
  readonly firstRetryMs?: number;
}

const DEFAULT_RENEW_AFTER_MS = 600_000;
const DEFAULT_FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** Spreads the renewals of nodes that started together. */
const JITTER = 0.1;

/** Keeps our own Lease in place. It is a registration, not a heartbeat: it says where we are, not that we live. */
export class LeaseRegistration {
  readonly #components: LeaseRegistrationComponents;
  readonly #init: LeaseRegistrationInit;
  readonly #lines = new LineLimit();
  #wake = new AbortController();
  #isDisturbed: boolean = false;
  #zone: string | undefined;
  #problem: NiphasError | undefined;

  constructor(components: LeaseRegistrationComponents, init: LeaseRegistrationInit) {
    this.#components = components;
    this.#init = init;
  }

  /** The node's, as of the last registration. */
  get zone(): string | undefined {
    return this.#zone;
  }

  /** Why we are not registered, or not as we should be. */
  get problem(): NiphasError | undefined {
    return this.#problem;
  }

  /** Our Lease has changed or gone. What we wrote ourselves is no disturbance. */
  notice(): void {
    if (this.#isInPlace()) return;
    this.#isDisturbed = true;
    this.#wake.abort();
  }

  /** Works until the signal aborts; never throws. The Lease stays: a restart finds it, and it goes with its Node. */
  async run(signal: AbortSignal): Promise<void> {
    let failureCount = 0;
    while (!signal.aborted) {
      failureCount = (await this.#tryToRegister(signal)) ? 0 : failureCount + 1;
      if (failureCount > 0) await pause(this.#retryMs(failureCount), signal);
      else await this.#untilDue(signal);
    }
  }

  async #tryToRegister(signal: AbortSignal): Promise<boolean> {
    this.#isDisturbed = false;
    try {
      await this.#register(signal);
      return true;
    } catch (error) {
      if (!signal.aborted) this.#failed(toNiphasError(error));
      return false;
    }
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { nodeName, namespace, own } = this.#init;
    const { client, log } = this.#components;
    const node = await client.get(NODES, { name: nodeName }, signal);
    const name = { name: leaseName(nodeName), namespace };
    await client.patch(LEASES, name, leasePatch(own, node, Date.now()), signal);
    this.#zone = zoneOf(node);
    if (this.#problem !== undefined) log.info({ lease: name.name }, "this node is registered in the mesh again");
    this.#problem = undefined;
    for (const code of ["ApiDenied", "ApiUnavailable"]) this.#lines.forget(code);
  }

  #failed(error: NiphasError): void {
    this.#problem = error;
    if (!this.#lines.take(error.code)) return;
    this.#components.log.warn({ code: error.code, reason: error.message }, "this node cannot register in the mesh");
  }

  /** Returns when it is time to renew, or when somebody else has undone what we wrote, each time more slowly. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    const { renewAfterMs = DEFAULT_RENEW_AFTER_MS } = this.#init;
    const dueAtMs = performance.now() + renewAfterMs * (1 - JITTER * Math.random());
    for (let disturbances = 1; !signal.aborted; disturbances++) {
      await this.#sleep(dueAtMs - performance.now(), signal);
      if (signal.aborted || performance.now() >= dueAtMs) return;
      this.#isDisturbed = false;
      await pause(this.#retryMs(disturbances), signal);
      // What was seen may have been what was there before we wrote.
      if (!this.#isInPlace()) return;
    }
  }

  async #sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isDisturbed) return;
    this.#wake = new AbortController();
    await pause(Math.max(0, delayMs), AbortSignal.any([signal, this.#wake.signal]));
  }

  #isInPlace(): boolean {
    const lease = this.#components.present();
    if (lease === undefined) return false;
    const reading = readLease(lease);
    const { peerId, host, port } = this.#init.own;
    if ("problem" in reading) return false;
    const { member } = reading;
    return member.peerId === peerId && member.host === host && member.port === port;
  }

  #retryMs(count: number): number {
    const { firstRetryMs = DEFAULT_FIRST_RETRY_MS } = this.#init;
    return backOffMs(count, { firstMs: firstRetryMs, maxMs: MAX_RETRY_MS });
  }
}
