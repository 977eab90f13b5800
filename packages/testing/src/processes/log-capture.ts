import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** One structured log record; `level` is pino's number. */
export interface LogRecord {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Everything that a process prints, as text and, where a line is JSON, as records. */
export class LogCapture {
  readonly lines: string[] = [];
  readonly records: LogRecord[] = [];

  read(stream: Readable): void {
    createInterface({ input: stream }).on("line", (line) => {
      this.lines.push(line);
      const record = parseRecord(line);
      if (record !== undefined) this.records.push(record);
    });
  }

  get text(): string {
    return this.lines.join("\n");
  }

  /** The last lines, for the message of a failed test. */
  tail(lineCount = 30): string {
    return this.lines.slice(-lineCount).join("\n");
  }
}

function parseRecord(line: string): LogRecord | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return undefined;
    return { level: 0, msg: "", ...value };
  } catch {
    return undefined;
  }
}
