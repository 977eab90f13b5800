import type { ClosureCaches, MeshNetwork, RealiseOptions } from "../../../mesh/network/index.ts";

export interface SideInit {
  readonly net: MeshNetwork;
  readonly caches: ClosureCaches;
  readonly signal: AbortSignal;
}

/** Where the Nix of a node fetches from, and who is handed the root before. */
export type Sources = Pick<RealiseOptions, "substituters" | "mesh">;

/** One of the two things that are compared: where the Nix of each node fetches from. */
export interface Side {
  readonly name: string;
  /** Makes the network ready; what it starts ends with the network. @returns the sources of every node */
  prepare(init: SideInit): Promise<Sources>;
}

/** Nix alone, straight from upstream. */
export const nixAlone: Side = {
  name: "nixAlone",
  prepare: async ({ net }) => ({ substituters: [net.upstream.url] }),
};
