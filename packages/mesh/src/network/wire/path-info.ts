import { NiphasError, parseStorePath, STORE_DIR, type StorePath, storePathBaseName } from "@niphas/core";
import type { PeerPathInfo } from "../../ports.ts";
import { countField, fixedBytesField, textField, textsField } from "./fields.ts";
import { encodeNarHash, NAR_HASH_BYTES, parseNarHashBytes } from "./hashes.ts";
import { type Fields, messageCodec } from "./message-codec.ts";

const MAX_PATH_INFO_BYTES = 1024 * 1024;

const BASE_NAME_LENGTH = 32 + 1 + 211;
const REFERENCES = { maxCount: 8192, maxLength: BASE_NAME_LENGTH };
const SIGNATURES = { maxCount: 64, maxLength: 512 };
const CONTENT_ADDRESS_LENGTH = 256;

const codec = messageCodec("PathInfo");

/** @throws NiphasError InvalidRequest when there is more to tell than a peer takes */
export function encodePathInfo(info: PeerPathInfo): Uint8Array {
  const isTooLong = info.references.length > REFERENCES.maxCount || info.signatures.length > SIGNATURES.maxCount;
  if (isTooLong) throw new NiphasError("InvalidRequest", "the path has too many references or signatures to tell");
  return codec.encode({
    baseName: storePathBaseName(info.path),
    narHash: encodeNarHash(info.narHash),
    narSize: info.narSizeBytes,
    referenceBaseNames: info.references.map(storePathBaseName),
    signatures: info.signatures,
    deriver: info.deriver ?? "",
    contentAddress: info.contentAddress ?? "",
  });
}

/** @throws NiphasError BadBytes */
export function parsePathInfo(bytes: Uint8Array): PeerPathInfo {
  if (bytes.byteLength > MAX_PATH_INFO_BYTES) throw new NiphasError("BadBytes", "a peer told too much of a path");
  const fields = codec.decode(bytes);
  return {
    path: storePath(textField(fields, "baseName", BASE_NAME_LENGTH)),
    narHash: parseNarHashBytes(fixedBytesField(fields, "narHash", NAR_HASH_BYTES)),
    narSizeBytes: countField(fields, "narSize"),
    references: textsField(fields, "referenceBaseNames", REFERENCES).map(storePath),
    signatures: textsField(fields, "signatures", SIGNATURES).map(line),
    deriver: optionalLine(fields, "deriver", BASE_NAME_LENGTH),
    contentAddress: optionalLine(fields, "contentAddress", CONTENT_ADDRESS_LENGTH),
  };
}

function storePath(baseName: string): StorePath {
  try {
    return parseStorePath(`${STORE_DIR}/${baseName}`);
  } catch (error) {
    throw new NiphasError("BadBytes", "a peer sent a name that is no store path's", { cause: error });
  }
}

function optionalLine(fields: Fields, name: string, maxLength: number): string | undefined {
  const text = textField(fields, name, maxLength);
  return text === "" ? undefined : line(text);
}

/** It becomes part of a narinfo, where a line feed would begin another field. */
function line(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new NiphasError("BadBytes", "a peer sent a text that fits in no narinfo");
  return text;
}
