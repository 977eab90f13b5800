export { csiCommand } from "./command.ts";
export * from "./constants.ts";
export { runCsiPlugin } from "./main.ts";
export { type CsiPluginOptions, LOG_LEVELS, type LogLevel, parseCsiOptions } from "./options.ts";
export {
  type CsiProto,
  findProtoFile,
  loadCsiProto,
  loadRegistrationProto,
  type RegistrationProto,
} from "./server/proto.ts";
