const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
const STEP = 1024;

/** A size for people: `812.3 MiB`, `17 B`. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit++;
  }
  return unit === 0 ? `${sizeBytes} B` : `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** `1 path`, `2 paths`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Takes control characters out of text from elsewhere, so that it cannot steer the terminal. */
export function printableText(text: string): string {
  let safe = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    safe += code < 0x20 || (code >= 0x7f && code < 0xa0) ? "?" : character;
  }
  return safe;
}
