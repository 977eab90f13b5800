import type { Holders, PathHash, PeerId } from "../ports.ts";
import type { MemberView } from "./members/member-view.ts";
import type { MemberListener } from "./members/member-watch.ts";
import type { Clock, DiscoveryChannel, OwnPaths } from "./ports.ts";

/** One way to find holders. It hears of members, supplies others, and is consulted, or not. */
export interface Strategy extends Holders, MemberListener, AsyncDisposable {
  /** Whether this node tells others what it holds in this way. */
  setSupplying(isSupplying: boolean): void;
  /** Whether this node may be asked for holders in this way. */
  setConsulted(isConsulted: boolean): void;
  lookUp(paths: readonly PathHash[], signal: AbortSignal): Promise<void>;
}

/** The members as a strategy sees them. */
export interface MemberState {
  readonly view: MemberView;
  /** Whether what the peer says counts now; false for ourselves. */
  isUsable(peer: PeerId): boolean;
}

export interface DiscoveryComponents {
  readonly channel: DiscoveryChannel;
  readonly paths: OwnPaths;
  readonly clock: Clock;
  /** As `Math.random`. */
  readonly random: () => number;
}

export interface DiscoveryInit {
  readonly self: PeerId;
}
