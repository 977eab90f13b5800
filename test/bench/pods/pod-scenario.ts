import type { Measurement } from "../rows.ts";
import type { Scenario } from "../scenario.ts";
import type { PodsContext } from "./context.ts";
import type { PodRowId } from "./specs.ts";

export interface PodScenario extends Scenario<PodsContext> {
  readonly rowIds: readonly PodRowId[];
  run(context: PodsContext): Promise<readonly (Measurement & { readonly id: PodRowId })[]>;
}
