import type { ClosureCaches, MeshNetwork } from "../../../mesh/network/index.ts";

export interface SideInit {
  readonly net: MeshNetwork;
  readonly caches: ClosureCaches;
  readonly signal: AbortSignal;
}

/** One of the two things that are compared: where the Nix of each node fetches from. */
export interface Side {
  readonly name: string;
  /** Makes the network ready; what it starts ends with the network. @returns the substituters of every node */
  prepare(init: SideInit): Promise<readonly string[]>;
}

/** Nix alone, straight from upstream. */
export const nixAlone: Side = { name: "nixAlone", prepare: async ({ net }) => [net.upstream.url] };
