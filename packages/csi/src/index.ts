export { csiCommand } from "./command.ts";
export * from "./constants.ts";
export { runCsiPlugin } from "./main.ts";
export { PluginMetrics } from "./metrics/plugin-metrics.ts";
export { type CsiPluginOptions, parseCsiOptions } from "./options.ts";
export { parsePolicyRules } from "./policy/policy-rules.ts";
export {
  type CsiProto,
  findProtoFile,
  loadCsiProto,
  loadRegistrationProto,
  type RegistrationProto,
} from "./server/proto.ts";
export { ViewMounts } from "./volumes/view-mounts.ts";
export { volumeIdBeside } from "./volumes/vol-data.ts";
