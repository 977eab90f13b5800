import { runCommand } from "@niphas/testing";
import type { Namespaces } from "../namespaces/namespaces.ts";
import { PREFIX_LENGTH } from "./addresses.ts";
import { shapeCommand } from "./shaper.ts";

/** One end of a cable: a device in a network namespace. */
export interface CableEnd {
  readonly namespace: string;
  readonly device: string;
  /** Undefined: a port of the switch. */
  readonly address: string | undefined;
}

export interface Cable {
  readonly ends: readonly [CableEnd, CableEnd];
  /** What goes through at most, each way; undefined: all that the machine can. */
  readonly megabitsPerSecond: number | undefined;
}

export const SWITCH = "switch";
const BRIDGE = "nodes";

/** Makes the switch and all cables. Each is a pair of virtual devices that is shaped where it is sent into. */
export async function connectCables(
  namespaces: Namespaces,
  cables: readonly Cable[],
  signal: AbortSignal,
): Promise<void> {
  const places = new Set([SWITCH, ...cables.flatMap(({ ends }) => ends.map((end) => end.namespace))]);
  for (const lines of [addCommands(namespaces, cables), configureCommands(cables)]) {
    await Promise.all([...places].map((place) => batch(namespaces, "ip", place, lines.get(place) ?? [], signal)));
  }
  const shaping = shapeCommands(cables);
  await Promise.all([...places].map((place) => batch(namespaces, "tc", place, shaping.get(place) ?? [], signal)));
}

type Lines = Map<string, string[]>;

function addCommands(namespaces: Namespaces, cables: readonly Cable[]): Lines {
  const lines: Lines = new Map([[SWITCH, [`link add ${BRIDGE} type bridge`, `link set ${BRIDGE} up`]]]);
  for (const { ends } of cables) {
    const [near, far] = ends;
    const peer = `peer name ${far.device} netns ${namespaces.pidOf(far.namespace)}`;
    append(lines, near.namespace, `link add ${near.device} type veth ${peer}`);
  }
  return lines;
}

function configureCommands(cables: readonly Cable[]): Lines {
  const lines: Lines = new Map();
  for (const { namespace, device, address } of cables.flatMap((cable) => cable.ends)) {
    const place = address === undefined ? `link set ${device} master ${BRIDGE}` : addAddress(device, address);
    append(lines, namespace, "link set lo up", place, `link set ${device} up`);
  }
  return lines;
}

function shapeCommands(cables: readonly Cable[]): Lines {
  const lines: Lines = new Map();
  for (const { ends, megabitsPerSecond } of cables) {
    if (megabitsPerSecond === undefined) continue;
    for (const end of ends) append(lines, end.namespace, shapeCommand(end.device, megabitsPerSecond));
  }
  return lines;
}

function addAddress(device: string, address: string): string {
  return `address add ${address}/${PREFIX_LENGTH} dev ${device}`;
}

function append(lines: Lines, namespace: string, ...added: readonly string[]): void {
  lines.set(namespace, [...(lines.get(namespace) ?? []), ...added]);
}

/** Runs lines of `ip` or `tc` in one network namespace by one process. */
export async function batch(
  namespaces: Namespaces,
  program: "ip" | "tc",
  namespace: string,
  lines: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (lines.length === 0) return;
  // Outside of their PID namespace, since numbers of processes in `lines` are ours.
  const command = namespaces.outsideCommand(namespace, [program, "-batch", "-"]);
  await runCommand(command, { input: `${lines.join("\n")}\n`, signal });
}
