export { type ControllerOptions, runController, runUninstall } from "./main.ts";
export { FORCE_ANNOTATION, type UninstallOptions } from "./uninstall/options.ts";
