import type { ByteRange } from "../ports.ts";

/**
 * What a `Range` header asks of `sizeBytes` bytes: a part, all of it ("whole", also for what we do not understand or
 * several ranges, as the RFC allows), or nothing that there is. https://www.rfc-editor.org/rfc/rfc9110#name-range
 */
export function parseByteRange(header: string | undefined, sizeBytes: number): ByteRange | "whole" | "unsatisfiable" {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return "whole";
  if (first === "") return suffix(Number(last), sizeBytes);
  const start = Number(first);
  if (last !== "" && Number(last) < start) return "whole";
  if (start >= sizeBytes) return "unsatisfiable";
  return { start, end: last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) };
}

function suffix(lengthBytes: number, sizeBytes: number): ByteRange | "unsatisfiable" {
  if (lengthBytes === 0 || sizeBytes === 0) return "unsatisfiable";
  return { start: Math.max(0, sizeBytes - lengthBytes), end: sizeBytes };
}
