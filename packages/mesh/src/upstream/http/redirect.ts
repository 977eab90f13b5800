const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Where a response sends us; undefined when it does not. Only to HTTP, never from HTTPS back to plain HTTP, and never
 * with credentials that the location brings along.
 */
export function redirectTarget(
  from: URL,
  statusCode: number,
  location: string | undefined,
): URL | "refused" | undefined {
  if (!REDIRECTS.includes(statusCode) || location === undefined) return undefined;
  if (!URL.canParse(location, from.href)) return "refused";
  const target = new URL(location, from);
  const isAllowed = target.protocol === "https:" || (target.protocol === "http:" && from.protocol === "http:");
  if (!isAllowed) return "refused";
  target.username = "";
  target.password = "";
  return target;
}
