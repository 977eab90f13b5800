import type { RowSpec } from "../../rows.ts";

/**
 * `simulation`: how many times what one copy takes until the last of 1,000 nodes has 1 GiB, per doubling of the nodes.
 * `simulation-upload`: what the busiest node sent against the median. `simulation-state`: memory of discovery, 10,000 nodes.
 */
export const SIMULATION_SPECS = [
  { id: "simulation", unit: "copies per doubling of the nodes", direction: "lower", bar: 1 },
  { id: "simulation-upload", unit: "times the median", direction: "lower", bar: 4 },
  { id: "simulation-state", unit: "MiB", direction: "lower", bar: 300 },
] as const satisfies readonly RowSpec[];
