import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { NiphasError, systemErrorCode } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import { peerIdText } from "./peer-id.ts";

export const PRIVATE_KEY_FILE = "peer.key";

/**
 * The ed25519 key that is this node's identity: `peer.key` in the state directory (libp2p's protobuf form, mode 0600),
 * made when there is none. Two processes that start at once agree on one key.
 * @throws NiphasError InvalidConfiguration when the file holds no such key
 */
export async function loadPrivateKey(stateDirectory: string, signal: AbortSignal): Promise<PrivateKey> {
  await mkdir(stateDirectory, { recursive: true });
  const path = join(stateDirectory, PRIVATE_KEY_FILE);
  return (await readKey(path, signal)) ?? (await makeKey(path, signal));
}

/** By what others know who has the key of {@link loadPrivateKey}, which is made when there is none. */
export async function loadPeerId(stateDirectory: string, signal: AbortSignal): Promise<PeerId> {
  return peerIdText(peerIdFromPrivateKey(await loadPrivateKey(stateDirectory, signal)));
}

async function readKey(path: string, signal: AbortSignal): Promise<PrivateKey | undefined> {
  try {
    return parseKey(await readFile(path, { signal }), path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A complete file appears under its name by one link, which fails when another process was first. */
async function makeKey(path: string, signal: AbortSignal): Promise<PrivateKey> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  const key = await generateKeyPair("Ed25519");
  signal.throwIfAborted();
  try {
    await writeDurably(temporary, privateKeyToProtobuf(key));
    await link(temporary, path);
    return key;
  } catch (error) {
    const others = systemErrorCode(error) === "EEXIST" ? await readKey(path, signal) : undefined;
    if (others === undefined) throw error;
    return others;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(bytes);
  await file.sync();
}

function parseKey(bytes: Uint8Array, path: string): PrivateKey {
  const key = tryParse(bytes);
  if (key?.type === "Ed25519") return key;
  throw new NiphasError("InvalidConfiguration", `${path} holds no ed25519 key: remove it to get a new identity`);
}

function tryParse(bytes: Uint8Array): PrivateKey | undefined {
  try {
    return privateKeyFromProtobuf(bytes);
  } catch {
    return undefined;
  }
}
