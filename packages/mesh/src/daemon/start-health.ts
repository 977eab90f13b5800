import { EventLoopLag, healthApp, latenessOf, type MetricsText, type Readiness, serveHealth } from "@niphas/service";
import { formatHostPort } from "../membership/peer-address.ts";
import type { MeshOptions } from "../options.ts";
import type { Runtime } from "./runtime.ts";

/** Measures the event loop until the daemon ends. */
export function startLag({ teardown, clock }: Runtime): EventLoopLag {
  const lag = new EventLoopLag({ clock });
  lag.start();
  teardown.defer(() => lag.stop());
  return lag;
}

/** @returns where it listens, or `off` @throws NiphasError InvalidConfiguration when the address cannot be used */
export async function startHealth(
  options: Pick<MeshOptions, "metricsListen">,
  { teardown }: Runtime,
  parts: { readonly lag: EventLoopLag; readonly metrics: MetricsText; readonly readiness: Readiness },
): Promise<string> {
  if (options.metricsListen === undefined) return "off";
  const { lag, metrics, readiness } = parts;
  const app = healthApp({ liveness: () => latenessOf(lag), readiness: () => readiness.failures(), metrics });
  const server = await serveHealth(app, { address: options.metricsListen, flag: "--metrics-listen" });
  teardown.defer(async () => server[Symbol.asyncDispose]());
  return formatHostPort(server.address);
}
