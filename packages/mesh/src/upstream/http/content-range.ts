export interface ContentRange {
  readonly start: number;
  /** Undefined for `*`. */
  readonly totalSizeBytes: number | undefined;
}

/** Reads `bytes 5-9/10`; undefined for anything else. https://www.rfc-editor.org/rfc/rfc9110#name-content-range */
export function contentRange(header: string | undefined): ContentRange | undefined {
  const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(header?.trim() ?? "") ?? [];
  if (first === undefined || Number(first) > Number(last)) return undefined;
  return { start: Number(first), totalSizeBytes: total === "*" ? undefined : Number(total) };
}
