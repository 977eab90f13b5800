export { createInfos, type InfosComponents } from "./create-infos.ts";
export { InfoFinder, type InfoFinderComponents } from "./info-finder.ts";
export { aheadBytesFor } from "./limits.ts";
export type { PlanComponents } from "./plan.ts";
export { createPlanApp } from "./plan-routes.ts";
export { PlannedNarInfos, type PlannedNarInfosComponents } from "./planned-nar-infos.ts";
export { Plans, type PlansComponents, type PlansInit } from "./plans.ts";
export type * from "./ports.ts";
