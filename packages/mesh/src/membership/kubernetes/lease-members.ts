import type { Change, Lease } from "@niphas/kube";
import type { Member, PeerId } from "../../ports.ts";
import type { MembershipLog } from "../ports.ts";
import { readLease } from "./lease-format.ts";

interface RegisteredMember {
  /** Who came first; the API server's time, and the name for those of one second. */
  readonly order: string;
  readonly leaseName: string;
  /** All that {@link readLease} reads. */
  readonly text: string;
  readonly member: Member;
}

const MAX_MEMBERS = 10_000;
const MAX_LINES = 1_000;

/** The members that Leases tell of. A Lease that cannot be used is passed over, with one line in the log for each reason. */
export class LeaseMembers {
  readonly #log: MembershipLog;
  readonly #maxMembers: number;
  readonly #registered = new Map<string, RegisteredMember>();
  /** Leases with what was said about them. */
  readonly #told = new Set<string>();

  /** @param init.maxMembers @default 10_000 */
  constructor(components: { readonly log: MembershipLog }, init: { readonly maxMembers?: number } = {}) {
    this.#log = components.log;
    this.#maxMembers = init.maxMembers ?? MAX_MEMBERS;
  }

  /** @returns whether the members may be others now */
  take({ key, object }: Change<Lease>): boolean {
    if (object === undefined) return this.#registered.delete(key);
    const text = textOf(object);
    // A renewal. All members renew, and reading a peer id is dear.
    if (this.#registered.get(key)?.text === text) return false;
    const reading = readLease(object);
    if ("problem" in reading) {
      this.#tell(object.metadata.name, reading.problem);
      return this.#registered.delete(key);
    }
    const { creationTimestamp = "", name } = object.metadata;
    this.#registered.set(key, { order: `${creationTimestamp} ${name}`, leaseName: name, text, member: reading.member });
    return true;
  }

  /**
   * The members, oldest Lease first. Of Leases with one peer id the oldest counts: who copies another node's peer id can
   * neither take its place nor drive it out, unless its own Lease is older.
   */
  list(): readonly Member[] {
    const owners = new Map<PeerId, RegisteredMember>();
    for (const registered of [...this.#registered.values()].sort((a, b) => (a.order < b.order ? -1 : 1))) {
      const owner = owners.get(registered.member.peerId);
      if (owner !== undefined) this.#tell(registered.leaseName, `it has the peer id of ${owner.leaseName}`);
      else if (owners.size >= this.#maxMembers) this.#tell("the youngest", `there are more than ${this.#maxMembers}`);
      else owners.set(registered.member.peerId, registered);
    }
    return [...owners.values()].map(({ member }) => member);
  }

  #tell(lease: string, problem: string): void {
    const line = `${lease} ${problem}`;
    if (this.#told.has(line) || this.#told.size >= MAX_LINES) return;
    this.#told.add(line);
    const isLast = this.#told.size === MAX_LINES;
    this.#log.warn({ lease, problem, ...(isLast ? { further: "not told" } : {}) }, "a Lease of the mesh is ignored");
  }
}

function textOf({ metadata, spec }: Lease): string {
  return JSON.stringify([metadata.creationTimestamp, metadata.annotations, spec?.holderIdentity]);
}
