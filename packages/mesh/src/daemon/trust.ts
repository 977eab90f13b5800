import { hasTrustedSignature, isContentAddressed, type TrustedKey, trustedSignatures } from "@niphas/core";
import type { PeerPathInfo } from "../ports.ts";

export interface Trust {
  /**
   * Whether a trusted key has signed this. Also true where the path's own name proves the NAR's hash: the name is a digest
   * of the content address and the references, and the content address is the hash of the NAR. It does not prove the size.
   */
  readonly isTrusted: (info: PeerPathInfo) => Promise<boolean>;
  /**
   * What of an info that anybody may have told can be checked; undefined when it is not trusted. Nix takes no path whose
   * deriver, content address or signatures make no sense, so what is not proven is left out.
   */
  readonly proven: (info: PeerPathInfo) => Promise<PeerPathInfo | undefined>;
}

export function trustBy(keys: readonly TrustedKey[]): Trust {
  const byName = new Map(keys.map((key) => [key.name, key]));
  return {
    isTrusted: async (info) => provesItself(info) || (await hasTrustedSignature(info, byName)),
    proven: async (info) => {
      const signatures = await trustedSignatures(info, byName);
      if (signatures.length === 0 && !provesItself(info)) return undefined;
      const contentAddress = isContentAddressed(info) ? info.contentAddress : undefined;
      return { ...info, deriver: undefined, signatures, contentAddress };
    },
  };
}

function provesItself(info: PeerPathInfo): boolean {
  // Nix takes no narinfo of a NAR without bytes.
  if (info.narSizeBytes === 0) return false;
  const isWholeNar = info.contentAddress === `fixed:r:${info.narHash}` && !info.references.includes(info.path);
  return isWholeNar && isContentAddressed(info);
}
