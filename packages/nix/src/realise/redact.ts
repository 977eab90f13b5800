const URL_IN_TEXT = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s'"<>]*)/gi;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escapes are what is removed here
const ESCAPES = /\u001b\[[0-9;]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Takes user names, passwords, queries and fragments out of every URL in a text: they may be credentials. */
export function redactUrls(text: string): string {
  return text.replace(URL_IN_TEXT, (_all, scheme: string, rest: string) => scheme + withoutCredentials(rest));
}

/** A message of Nix as plain text: no colours, no control characters, no credentials. */
export function plainText(text: string): string {
  return redactUrls(text.replace(ESCAPES, ""));
}

/** Everything up to the last @ before the path, also when the password holds a / or @ itself. */
function withoutCredentials(rest: string): string {
  const bare = rest.replace(/[?#].*$/s, "");
  return bare.slice(bare.lastIndexOf("@") + 1);
}
