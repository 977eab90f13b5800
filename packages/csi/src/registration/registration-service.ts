import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { CSI_VERSION, DRIVER_NAME } from "../constants.ts";
import type { RpcRunner } from "../server/rpc.ts";

const BUDGET_MS = 3000;

interface RegistrationStatus {
  readonly plugin_registered: boolean;
  readonly error: string;
}

const MAX_ERROR_LENGTH = 500;

/** pluginregistration.Registration: how the kubelet learns that this driver exists and where its socket is. */
export function registrationService(
  components: { readonly rpc: RpcRunner; readonly logger: Logger },
  init: { readonly endpointPath: string; readonly onRefused: () => void },
): UntypedServiceImplementation {
  const { rpc, logger } = components;
  return {
    GetInfo: rpc.handler({
      name: "GetInfo",
      budgetMs: BUDGET_MS,
      handle: () => ({
        type: "CSIPlugin",
        name: DRIVER_NAME,
        endpoint: init.endpointPath,
        supported_versions: [CSI_VERSION],
      }),
    }),
    NotifyRegistrationStatus: rpc.handler<RegistrationStatus>({
      name: "NotifyRegistrationStatus",
      budgetMs: BUDGET_MS,
      handle: ({ plugin_registered: isRegistered, error }) => {
        if (isRegistered) {
          logger.info({ driver: DRIVER_NAME }, "the kubelet registered the driver");
          return {};
        }
        logger.error(
          { reason: error.slice(0, MAX_ERROR_LENGTH) },
          "the kubelet refused to register the driver; trying again",
        );
        init.onRefused();
        return {};
      },
    }),
  };
}
