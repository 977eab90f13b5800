import type { StorePath } from "@niphas/core";
import type { ClosureConductName } from "./closure-conducts.ts";
import type { NarConductName } from "./nar-conducts.ts";
import type { RpcConductName } from "./rpc-conducts.ts";

/** A member with a valid key. What is not said it does honestly. */
export interface EvilPeerPlan {
  readonly name: string;
  /** Holds its key. */
  readonly stateDir: string;
  readonly port: number;
  /** What it says that it has: the closure of this path. */
  readonly root?: StorePath;
  readonly nar?: NarConductName;
  readonly closure?: ClosureConductName;
  readonly rpc?: RpcConductName;
  /** `streams`: asks for bytes on ever new streams and reads none. `leech`: on all streams that it may have, for ever. */
  readonly attack?: "streams" | "leech";
}

/** What the process of evil-peers.ts is told. */
export interface EvilPlan {
  /** The store that holds what they have, or say that they have. */
  readonly storeDir: string;
  /** Told by those who tell of something else than they were asked for. */
  readonly otherRoot: StorePath;
  /** Whom they know; the value of `--members`. */
  readonly members: string;
  readonly peers: readonly EvilPeerPlan[];
}
