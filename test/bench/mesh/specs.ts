import type { RowSpec } from "../rows.ts";
import { ABSENT_SPECS } from "./absent/spec.ts";
import { CREATE_SPECS } from "./create/spec.ts";
import { FAULT_SPECS } from "./fault/spec.ts";
import { FOOTPRINT_SPECS } from "./footprint/spec.ts";
import { HOSTILE_SPECS } from "./hostile/spec.ts";
import { NARINFO_SPECS } from "./narinfo/spec.ts";
import { ROLLING_SPECS } from "./rolling/spec.ts";
import { SIMULATION_SPECS } from "./simulation/spec.ts";
import { STREAM_SPECS } from "./stream/spec.ts";
import { UPDATE_SPECS } from "./update/spec.ts";

/** What moving store paths between nodes may cost. Ratios are against peers of the same run. */
export const MESH_SPECS: readonly RowSpec[] = [
  { id: "serialiser", unit: "MiB/s", direction: "higher", bar: 1 },
  ...STREAM_SPECS,
  ...CREATE_SPECS,
  ...ROLLING_SPECS,
  ...UPDATE_SPECS,
  ...NARINFO_SPECS,
  ...ABSENT_SPECS,
  ...FAULT_SPECS,
  ...HOSTILE_SPECS,
  ...FOOTPRINT_SPECS,
  ...SIMULATION_SPECS,
];
