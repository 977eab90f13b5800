import type { Namespaces } from "../namespaces/namespaces.ts";
import { batch } from "./cables.ts";

/** Someone on the switch. */
export interface Station {
  readonly namespace: string;
  readonly address: string;
}

/** Of each station. */
export const DEVICE = "eth0";
/** Nobody's: frames to it are dropped by everyone, in silence, as behind a broken switch. */
const NOBODY = "02:00:00:00:00:00";

/** From now on nothing gets from one to the other. Open connections are not told. */
export async function separate(namespaces: Namespaces, pair: readonly [Station, Station], signal: AbortSignal) {
  await atBothEnds(
    namespaces,
    pair,
    ({ address }) => `neigh replace ${address} lladdr ${NOBODY} nud permanent dev ${DEVICE}`,
    signal,
  );
}

/** Ends {@link separate}. */
export async function rejoin(namespaces: Namespaces, pair: readonly [Station, Station], signal: AbortSignal) {
  await atBothEnds(namespaces, pair, ({ address }) => `neigh del ${address} dev ${DEVICE}`, signal);
}

/** From now on nothing gets from the one to the other, and everything back. Nobody is told. */
export async function deafen(namespaces: Namespaces, from: Station, to: Station, signal: AbortSignal): Promise<void> {
  const line = `neigh replace ${to.address} lladdr ${NOBODY} nud permanent dev ${DEVICE}`;
  await batch(namespaces, "ip", from.namespace, [line], signal);
}

/** Ends {@link deafen}. */
export async function undeafen(namespaces: Namespaces, from: Station, to: Station, signal: AbortSignal): Promise<void> {
  await batch(namespaces, "ip", from.namespace, [`neigh del ${to.address} dev ${DEVICE}`], signal);
}

async function atBothEnds(
  namespaces: Namespaces,
  [one, other]: readonly [Station, Station],
  line: (other: Station) => string,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([
    batch(namespaces, "ip", one.namespace, [line(other)], signal),
    batch(namespaces, "ip", other.namespace, [line(one)], signal),
  ]);
}
