import { posix } from "node:path";
import { NiphasError } from "@niphas/core";

const MAX_PATH_BYTES = 4095;

/**
 * Reads `target_path`: absolute, in normal form, strictly below the kubelet's directory. Says nothing about what is on
 * disk; see {@link TargetDirectories} for links.
 * @throws NiphasError InvalidRequest; the message does not echo the path
 */
export function parseTargetPath(text: string, kubeletDir: string): string {
  if (text === "") throw invalid("target_path is missing");
  if (Buffer.byteLength(text) > MAX_PATH_BYTES) throw invalid("target_path is too long");
  if (hasControlCharacter(text)) throw invalid("target_path has a control character");
  const isNormal = text.startsWith("/") && posix.normalize(text) === text && !text.endsWith("/");
  if (!isNormal) throw invalid("target_path must be absolute and in normal form, without . .. or repeated slashes");
  const prefix = kubeletDir === "/" ? "/" : `${kubeletDir}/`;
  if (!text.startsWith(prefix)) throw invalid("target_path must lie below the kubelet's directory (--kubelet-dir)");
  return text;
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidRequest", message);
}
