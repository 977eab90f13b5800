import type { MembershipLog } from "../ports.ts";

/** Keeps what is logged. */
export class LogLines implements MembershipLog {
  readonly lines: string[] = [];

  readonly info = (fields: unknown, message?: string): void => this.#keep("info", fields, message);
  readonly warn = (fields: unknown, message?: string): void => this.#keep("warn", fields, message);

  #keep(level: string, fields: unknown, message: string | undefined): void {
    this.lines.push(`${level} ${message ?? ""} ${JSON.stringify(fields)}`);
  }
}
