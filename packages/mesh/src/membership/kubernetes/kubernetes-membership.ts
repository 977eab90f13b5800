import type { NiphasError } from "@niphas/core";
import { type Change, type KubeClient, LEASES, type Lease, Reflector, type ReflectorInit } from "@niphas/kube";
import type { Member } from "../../ports.ts";
import { LineLimit } from "../line-limit.ts";
import { MemberBoard } from "../member-board.ts";
import type { MembershipLog, ObservedMembership } from "../ports.ts";
import { LEASE_SELECTOR, leaseName, trimLease } from "./lease-format.ts";
import { LeaseMembers } from "./lease-members.ts";
import { LeaseRegistration, type LeaseRegistrationInit } from "./lease-registration.ts";

export interface KubernetesMembershipComponents {
  readonly client: Pick<KubeClient, "get" | "list" | "watch" | "patch">;
  readonly log: MembershipLog;
  /** Ends with the membership. @default nothing: the client stays the caller's */
  readonly connection?: Disposable;
}

export interface KubernetesMembershipInit extends LeaseRegistrationInit {
  /** Between attempts when the API server fails. @default those of {@link Reflector} */
  readonly backOff?: ReflectorInit<Lease>["backOff"];
}

/** Many Leases may change at once; the members are worked out once for all of them. */
const SETTLE_MS = 50;

/**
 * Members by Leases in the platform's namespace, one for each node. While the API server is away, or refuses, the last
 * known members stay. Ending it removes nothing.
 */
export class KubernetesMembership implements ObservedMembership {
  readonly #log: MembershipLog;
  readonly #connection: Disposable | undefined;
  readonly #init: KubernetesMembershipInit;
  readonly #board: MemberBoard;
  readonly #leases: LeaseMembers;
  readonly #reflector: Reflector<Lease>;
  readonly #registration: LeaseRegistration;
  readonly #lines = new LineLimit();
  readonly #end = new AbortController();
  #running: Promise<unknown> | undefined;
  #settling: NodeJS.Timeout | undefined;

  constructor({ client, log, connection }: KubernetesMembershipComponents, init: KubernetesMembershipInit) {
    const { namespace, nodeName, own, backOff } = init;
    this.#log = log;
    this.#connection = connection;
    this.#init = init;
    this.#board = new MemberBoard({ self: own.peerId });
    this.#leases = new LeaseMembers({ log });
    this.#reflector = new Reflector<Lease>(
      { client },
      {
        resource: LEASES,
        selection: { namespace, labelSelector: LEASE_SELECTOR },
        trim: trimLease,
        onChange: (change) => this.#take(change),
        onFailure: (error) => this.#failed(error),
        ...(backOff === undefined ? {} : { backOff }),
      },
    );
    const present = (): Lease | undefined => this.#reflector.objects.get(`${namespace}/${leaseName(nodeName)}`);
    this.#registration = new LeaseRegistration({ client, log, present }, init);
  }

  /** Registers this node and begins to watch. Once our own daemon can answer: others come as soon as they know. */
  start(): void {
    const { signal } = this.#end;
    this.#running ??= Promise.all([this.#reflector.run(signal), this.#registration.run(signal)]);
  }

  get problem(): NiphasError | undefined {
    return this.#reflector.failure ?? this.#registration.problem;
  }

  get zone(): string | undefined {
    return this.#registration.zone;
  }

  members(): readonly Member[] {
    return this.#board.members();
  }

  onChange(listener: () => void): Disposable {
    return this.#board.onChange(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    clearTimeout(this.#settling);
    this.#board.close();
    await this.#running;
    this.#connection?.[Symbol.dispose]();
  }

  #take(change: Change<Lease>): void {
    const { namespace, nodeName } = this.#init;
    if (change.key === `${namespace}/${leaseName(nodeName)}`) this.#registration.notice();
    if (this.#leases.take(change)) this.#settling ??= setTimeout(() => this.#publish(), SETTLE_MS);
  }

  #publish(): void {
    this.#settling = undefined;
    this.#board.replace(this.#leases.list());
  }

  #failed({ code, message }: NiphasError): void {
    // Every watch ends like this some day.
    if (code === "ApiExpired" || !this.#lines.take(code)) return;
    this.#log.warn({ code, reason: message }, "the mesh keeps the members it knows");
  }
}
