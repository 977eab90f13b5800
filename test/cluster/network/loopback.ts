import { startDaemon } from "../machine/daemons.ts";
import type { Machine } from "../machine/machine.ts";
import { API_PORT, CONTROL_ADDRESS } from "./addresses.ts";

const SOCKET = "/run/api-server.sock";

/**
 * Makes the API server reachable at 127.0.0.1:`port`, on the host and in the control machine's network. A unix socket
 * belongs to no network namespace, so it joins the two.
 */
export async function startLoopback(control: Machine, port: number, signal?: AbortSignal): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  const listen = `TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork`;
  const server = `TCP:${CONTROL_ADDRESS}:${API_PORT}`;
  await startDaemon(control, "loopback-bridge", ["socat", `UNIX-LISTEN:${SOCKET},unlink-early,fork`, server], options);
  await startDaemon(control, "loopback-control", ["socat", listen, server], options);
  const host = ["socat", listen, `UNIX-CONNECT:${SOCKET}`];
  await startDaemon(control, "loopback-host", host, { ...options, inHostNetwork: true });
}
