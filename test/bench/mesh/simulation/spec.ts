import type { RowSpec } from "../../rows.ts";

/**
 * `simulation`: how many times what one copy takes until the last of 1,000 nodes has 1 GiB, per doubling of the nodes,
 * where it grows most. `simulation-growth`: how that time grows from 10 nodes to 1,000 against the logarithm of the nodes.
 * `simulation-upload`: what the busiest node sent against the median. `simulation-largest`: the time for the most nodes,
 * 1,000, or 10,000 in a long run, against the logarithm to the base 2. `simulation-state`: memory of a real discovery among
 * 10,000 nodes with 100,000 paths each.
 */
export const SIMULATION_SPECS = [
  { id: "simulation", unit: "copies per doubling of the nodes", direction: "lower", bar: 1 },
  { id: "simulation-growth", unit: "times the logarithm", direction: "lower", bar: 1.5 },
  { id: "simulation-upload", unit: "times the median", direction: "lower", bar: 4 },
  { id: "simulation-largest", unit: "copies per doubling of the nodes", direction: "lower", bar: 1 },
  { id: "simulation-state", unit: "MiB", direction: "lower", bar: 300 },
] as const satisfies readonly RowSpec[];
