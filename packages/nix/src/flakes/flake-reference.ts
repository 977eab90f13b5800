import { NiphasError } from "@niphas/core";

/** What Nix's command line takes for a flake and an attribute, `.#app`. Made only by {@link parseFlakeReference}. */
export type FlakeReference = string & { readonly __brand: "FlakeReference" };

const MAX_LENGTH = 4096;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

/**
 * Refuses what could be read as an option. Whether the reference leads anywhere is for Nix to say.
 * @throws NiphasError InvalidRequest
 */
export function parseFlakeReference(text: string): FlakeReference {
  if (text === "" || text.startsWith("-") || text.length > MAX_LENGTH || CONTROL_CHARACTERS.test(text)) {
    throw new NiphasError("InvalidRequest", "not a flake reference: expected such as .#app or github:owner/repo#app");
  }
  return text as FlakeReference;
}
