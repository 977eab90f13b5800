import { join } from "node:path";
import { bundleNiphas } from "@niphas/testing";
import { missingForMeshNetwork } from "../../mesh/network/index.ts";
import type { Measurement } from "../rows.ts";
import { type RunControl, runScenarios, type Suite } from "../scenario.ts";
import { absent } from "./absent/absent.ts";
import { createOne, createRaw, createXz } from "./create/create.ts";
import { fault } from "./fault/fault.ts";
import { footprint } from "./footprint/footprint.ts";
import { hostile } from "./hostile/hostile.ts";
import type { MeshScenario } from "./mesh-scenario.ts";
import { narInfo } from "./narinfo/narinfo.ts";
import { rolling } from "./rolling/rolling.ts";
import { serialiser } from "./serialiser/serialiser.ts";
import { simulation } from "./simulation/simulation.ts";
import { MESH_SPECS } from "./specs.ts";
import { stream } from "./stream/stream.ts";
import { update } from "./update/update.ts";

/** Of the closure that is rolled out. */
const CLOSURE_MIB = 128;
const QUICK_CLOSURE_MIB = 16;
const LONG_CLOSURE_MIB = 512;

export const MESH_SCENARIOS: readonly MeshScenario[] = [
  serialiser,
  stream,
  createRaw,
  createXz,
  createOne,
  rolling,
  update,
  narInfo,
  absent,
  fault,
  hostile,
  footprint,
  simulation,
];

/** The mesh of nodes, beside Nix alone. */
export const meshSuite: Suite = { specs: MESH_SPECS, run: runMesh };

async function runMesh(rowIds: ReadonlySet<string>, control: RunControl): Promise<readonly Measurement[]> {
  for (const missing of missingForMeshNetwork()) control.report(`missing: ${missing}`);
  const bundleFile = await bundleNiphas(join(control.directory, "bundle"));
  const closureMib = control.isLong ? LONG_CLOSURE_MIB : control.repeats(CLOSURE_MIB, QUICK_CLOSURE_MIB);
  return runScenarios(MESH_SCENARIOS, rowIds, { control, bundleFile, closureMib });
}
