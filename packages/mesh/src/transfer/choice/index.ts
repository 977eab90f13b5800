export { PeerLoads } from "./peer-loads.ts";
export { SourceChoice, type SourceChoiceComponents } from "./source-choice.ts";
