import { formatCount, isNiphasError, parseTrustedKey } from "@niphas/core";
import { type Check, fail, ok } from "../check.ts";

const ID = "keys";

/** Whether each `--trusted-public-key` can be read. */
export function checkKeys(texts: readonly string[]): Check {
  const names: string[] = [];
  for (const [index, text] of texts.entries()) {
    try {
      names.push(parseTrustedKey(text).name);
    } catch (error) {
      if (!isNiphasError(error)) throw error;
      return fail(
        ID,
        `key ${index + 1} is wrong: ${error.message}`,
        "copy it from the cache's documentation, as a whole",
      );
    }
  }
  return ok(ID, `${formatCount(names.length, "trusted key")}: ${names.join(", ")}`);
}
