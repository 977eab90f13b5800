import { type Logger, pino } from "pino";

/** A real logger at the finest level whose lines a test reads. */
export class CapturedLog {
  readonly lines: string[] = [];
  readonly logger: Logger = pino(
    { level: "trace", base: null },
    { write: (line: string) => void this.lines.push(line) },
  );

  /** Lines as objects, only those with the message if one is given. */
  records(message?: string): readonly Readonly<Record<string, unknown>>[] {
    const all = this.lines.map((line): Record<string, unknown> => JSON.parse(line));
    return message === undefined ? all : all.filter((record) => record["msg"] === message);
  }
}
