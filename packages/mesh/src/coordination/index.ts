export { LiveOwners } from "./live-owners.ts";
export { MeshCoordinator, type MeshCoordinatorComponents } from "./mesh-coordinator.ts";
export { Owners } from "./owners.ts";
export type { WantChannel, WantReport, WantRequests, WantRole, WantVerdict } from "./ports.ts";
export { WantTable, type WantTableComponents, type WantTableInit } from "./want-table.ts";
