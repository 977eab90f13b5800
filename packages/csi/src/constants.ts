import { DRIVER_NAME } from "@niphas/core";

export { DRIVER_NAME };

/** Version of the CSI specification that the plugin tells the kubelet. */
export const CSI_VERSION = "1.0.0";

/** Told by GetPluginInfo. */
export const PLUGIN_VERSION = "0.1.0";

/** The registration socket's name; the kubelet takes any `.sock` in its directory. */
export const REGISTRATION_SOCKET_NAME = `${DRIVER_NAME}-reg.sock`;
