import type { Scenario } from "../scenario.ts";
import type { RolloutContext } from "./network/rollout.ts";

/** Measures some of the mesh's rows. */
export type MeshScenario = Scenario<RolloutContext>;
