import type { Measurement } from "../rows.ts";
import type { RunControl, Scenario } from "../scenario.ts";
import type { MeshRowId } from "./specs.ts";

/** What the scenarios of one run share. */
export interface MeshContext {
  readonly control: RunControl;
}

export interface MeshScenario extends Scenario<MeshContext> {
  readonly rowIds: readonly MeshRowId[];
  run(context: MeshContext): Promise<readonly (Measurement & { readonly id: MeshRowId })[]>;
}
