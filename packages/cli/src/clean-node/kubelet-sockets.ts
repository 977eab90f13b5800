import { rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "@niphas/core";
import { DRIVER_NAME, REGISTRATION_SOCKET_NAME } from "@niphas/csi";

const CSI_SOCKET_NAME = "csi.sock";

/** Removes the plugin's sockets from the kubelet's directory; the kubelet then takes the driver off its list. */
export function removeSockets(kubeletDir: string): void {
  const driverDir = join(kubeletDir, "plugins", DRIVER_NAME);
  removeSocket(join(kubeletDir, "plugins_registry"), REGISTRATION_SOCKET_NAME);
  removeSocket(driverDir, CSI_SOCKET_NAME);
  try {
    rmdirSync(driverDir);
  } catch (error) {
    // Not there, not empty, or mounted: it is the kubelet's then, or somebody else's.
    if (!["ENOENT", "ENOTEMPTY", "EBUSY"].includes(systemErrorCode(error) ?? "")) throw error;
  }
}

/** The second name is the socket's while another takes its place. */
function removeSocket(directory: string, name: string): void {
  for (const each of [name, `.${name}.stale`]) rmSync(join(directory, each), { force: true });
}
