/** Activity types, libutil/logging.hh `ActivityType`; the same in 2.8 and 2.34. */
export const ACTIVITY = { copyPath: 100, fileTransfer: 101, realise: 102, copyPaths: 103, substitute: 108 } as const;
/** Result types, libutil/logging.hh `ResultType`. */
export const RESULT = { progress: 105, setExpected: 106 } as const;

/** One line of `--log-format internal-json`. */
export type NixLogEvent =
  | {
      readonly action: "start";
      readonly id: number;
      readonly type: number;
      readonly fields: readonly (string | number)[];
    }
  | { readonly action: "stop"; readonly id: number }
  | {
      readonly action: "result";
      readonly id: number;
      readonly type: number;
      readonly fields: readonly (string | number)[];
    }
  | { readonly action: "msg"; readonly level: number; readonly text: string };

const PREFIX = "@nix ";

/** Undefined for lines that are not Nix's, or not of the forms above. */
export function parseNixLogLine(line: string): NixLogEvent | undefined {
  if (!line.startsWith(PREFIX)) return undefined;
  const value = parseJson(line.slice(PREFIX.length));
  if (!isRecord(value)) return undefined;
  const { action, id, type } = value;
  if (action === "msg") return messageEvent(value);
  if (typeof id !== "number") return undefined;
  if (action === "stop") return { action, id };
  if ((action !== "start" && action !== "result") || typeof type !== "number") return undefined;
  return { action, id, type, fields: scalarFields(value["fields"]) };
}

function messageEvent(value: Readonly<Record<string, unknown>>): NixLogEvent | undefined {
  const { level, msg, raw_msg: rawMessage } = value;
  const text = typeof rawMessage === "string" ? rawMessage : msg;
  if (typeof level !== "number" || typeof text !== "string") return undefined;
  return { action: "msg", level, text };
}

function scalarFields(value: unknown): readonly (string | number)[] {
  if (!Array.isArray(value)) return [];
  return value.map((field: unknown) => (typeof field === "string" || typeof field === "number" ? field : ""));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
