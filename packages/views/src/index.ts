export * from "./bind-farm/bind-farm.ts";
export * from "./cache/view-cache.ts";
export * from "./composefs/composefs-strategy.ts";
export * from "./linux/memory-mounter.ts";
export * from "./linux/mounter.ts";
export * from "./linux/mountinfo.ts";
export * from "./linux/sandbox.ts";
export type * from "./ports.ts";
export * from "./tree/tree-strategy.ts";
