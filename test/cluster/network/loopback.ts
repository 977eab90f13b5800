import { startDaemon } from "../machine/daemons.ts";
import type { Machine } from "../machine/machine.ts";
import { API_PORT, CONTROL_ADDRESS } from "./addresses.ts";

const BRIDGE = "loopback-bridge";
const IN_CONTROL = "loopback-control";
const ON_HOST = "loopback-host";
export const LOOPBACK_DAEMONS: readonly string[] = [BRIDGE, IN_CONTROL, ON_HOST];

const SOCKET = "/run/api-server.sock";

/**
 * Makes the API server reachable at 127.0.0.1:`port`, on the host and in the control machine's network. A unix socket
 * belongs to no network namespace, so it joins the two.
 */
export async function startLoopback(control: Machine, port: number, signal?: AbortSignal): Promise<void> {
  const listen = `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`;
  const server = `TCP:${CONTROL_ADDRESS}:${API_PORT}`;
  await startDaemon(control, BRIDGE, ["socat", `UNIX-LISTEN:${SOCKET},unlink-early,fork`, server], {
    signal,
  });
  await startDaemon(control, IN_CONTROL, ["socat", listen, server], { signal });
  const host = ["socat", listen, `UNIX-CONNECT:${SOCKET}`];
  await startDaemon(control, ON_HOST, host, { signal, inHostNetwork: true });
}
