import type { Measurement } from "../rows.ts";
import { type RunControl, runScenarios, type Suite } from "../scenario.ts";
import type { MeshScenario } from "./mesh-scenario.ts";
import { serialiser } from "./serialiser/serialiser.ts";
import { MESH_SPECS } from "./specs.ts";

const SCENARIOS: readonly MeshScenario[] = [serialiser];

/** The mesh of nodes, beside Nix alone. */
export const meshSuite: Suite = { specs: MESH_SPECS, run: runMesh };

async function runMesh(rowIds: ReadonlySet<string>, control: RunControl): Promise<readonly Measurement[]> {
  return runScenarios(SCENARIOS, rowIds, { control });
}
