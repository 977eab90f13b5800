const BITS_PER_MEGABIT = 1_000_000;
const BITS_PER_BYTE = 8;
/** What may go out at once after a pause: more than the largest packet that virtual devices hand on in one piece. */
const MIN_BURST_BYTES = 96 * 1024;
const BURST_SECONDS = 0.004;
/** As long as a packet may wait; what would wait longer is dropped, as routers do. */
const QUEUE_MS = 100;

/** The line for `tc -batch` that limits what is sent into a device; tc-tbf(8). */
export function shapeCommand(device: string, megabitsPerSecond: number): string {
  const bytesPerSecond = (megabitsPerSecond * BITS_PER_MEGABIT) / BITS_PER_BYTE;
  const burstBytes = Math.max(MIN_BURST_BYTES, Math.ceil(bytesPerSecond * BURST_SECONDS));
  return `qdisc add dev ${device} root tbf rate ${megabitsPerSecond}mbit burst ${burstBytes} latency ${QUEUE_MS}ms`;
}
