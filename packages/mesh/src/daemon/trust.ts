import { hasTrustedSignature, isContentAddressed, type NarInfo, type TrustedKey } from "@niphas/core";

/**
 * Whether a trusted key has signed this. Also true where the path's own name proves the NAR's hash: the name is a digest
 * of the content address and the references, and the content address is the hash of the NAR.
 */
export function trustBy(keys: readonly TrustedKey[]): (info: NarInfo) => Promise<boolean> {
  const byName = new Map(keys.map((key) => [key.name, key]));
  return async (info) => provesItself(info) || (await hasTrustedSignature(info, byName));
}

function provesItself(info: NarInfo): boolean {
  const isWholeNar = info.contentAddress === `fixed:r:${info.narHash}` && !info.references.includes(info.path);
  return isWholeNar && isContentAddressed(info);
}
