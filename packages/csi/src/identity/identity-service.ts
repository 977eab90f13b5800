import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Readiness } from "@niphas/service";
import { DRIVER_NAME, PLUGIN_VERSION } from "../constants.ts";
import type { RpcRunner } from "../server/rpc.ts";

const BUDGET_MS = 3000;

/** csi.v1.Identity. There is no controller: inline volumes need none. */
export function identityService(components: {
  readonly rpc: RpcRunner;
  readonly readiness: Readiness;
}): UntypedServiceImplementation {
  const { rpc, readiness } = components;
  return {
    GetPluginInfo: rpc.handler({
      name: "GetPluginInfo",
      budgetMs: BUDGET_MS,
      handle: () => ({ name: DRIVER_NAME, vendor_version: PLUGIN_VERSION }),
    }),
    GetPluginCapabilities: rpc.handler({
      name: "GetPluginCapabilities",
      budgetMs: BUDGET_MS,
      handle: () => ({ capabilities: [] }),
    }),
    Probe: rpc.handler({
      name: "Probe",
      budgetMs: BUDGET_MS,
      handle: () => ({ ready: { value: readiness.failures().length === 0 } }),
    }),
  };
}
