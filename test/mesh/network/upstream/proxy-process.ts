import { fileURLToPath } from "node:url";
import { waitUntil } from "@niphas/testing";
import { GuestProcess } from "../namespaces/guest-process.ts";
import type { Namespaces } from "../namespaces/namespaces.ts";
import { UPSTREAM_PORT } from "./shaped-upstream.ts";

export interface DelayingProxyInit {
  readonly namespaces: Namespaces;
  readonly namespace: string;
  readonly listenAddress: string;
  readonly targetAddress: string;
  readonly upstreamRoundTripMs?: number;
  readonly upstreamMbit?: number;
  readonly signal: AbortSignal;
}

const PROGRAM = fileURLToPath(new URL("./delaying-proxy.ts", import.meta.url));

/** Starts the proxy that stands for the distance and waits until it listens. */
export async function startDelayingProxy(init: DelayingProxyInit): Promise<GuestProcess> {
  const { namespaces, namespace, listenAddress, targetAddress, upstreamRoundTripMs = 0, upstreamMbit = 0 } = init;
  const numbers = [UPSTREAM_PORT, upstreamRoundTripMs, upstreamMbit].map(String);
  const argv = [process.execPath, PROGRAM, listenAddress, targetAddress, ...numbers];
  const proxy = await GuestProcess.start({ namespaces, namespace, argv, signal: init.signal });
  await waitUntil("the delaying proxy to listen", () => {
    init.signal.throwIfAborted();
    if (!proxy.isRunning) throw new Error(`the delaying proxy ended: ${proxy.logs.tail()}`);
    return proxy.logs.lines.includes("listening");
  });
  return proxy;
}
