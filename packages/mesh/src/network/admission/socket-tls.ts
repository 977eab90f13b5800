import { Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, TLSSocket, type TLSSocketOptions } from "node:tls";
import type {
  ConnectionEncrypter,
  MessageStream,
  SecureConnectionOptions,
  SecuredConnection,
  StreamMessageEvent,
} from "@libp2p/interface";
import { PROTOCOL, type TLSComponents, tls } from "@libp2p/tls";
import { generateCertificate, toMessageStream, verifyPeerCertificate } from "@libp2p/tls/utils";
import { NiphasError, untilAborted } from "@niphas/core";

/** Chosen when the peers have no muxer in common yet. https://github.com/libp2p/specs/blob/master/tls/tls.md */
const NO_MUXER = "libp2p";

/** As `tls()` of libp2p on the wire, and several times cheaper: see {@link SocketTls}. */
export function socketTls(): (components: TLSComponents) => ConnectionEncrypter {
  return (components) => new SocketTls(components, tls()(components));
}

/**
 * libp2p's TLS puts a stream of JavaScript between encryption and the kernel, so that each record passes through a dozen
 * events, and one side can stop the other for ever. Given the socket itself, Node.js encrypts what it reads and writes
 * in native code. Certificates are libp2p's, one for the life of the process: each costs milliseconds.
 */
class SocketTls implements ConnectionEncrypter {
  readonly protocol = PROTOCOL;
  readonly #components: TLSComponents;
  /** For what is no socket. */
  readonly #other: ConnectionEncrypter;
  #context: Promise<SecureContext> | undefined;

  constructor(components: TLSComponents, other: ConnectionEncrypter) {
    this.#components = components;
    this.#other = other;
  }

  async secureOutbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    const socket = socketOf(connection);
    if (socket === undefined) return await this.#other.secureOutbound(connection, options);
    const muxers = [...this.#components.upgrader.getStreamMuxers().keys()];
    const settings = { ...(await this.#settings()), ALPNProtocols: [...muxers, NO_MUXER] };
    await takeOver(connection, socket);
    return await this.#secured(connection, connect({ ...settings, socket }), options);
  }

  async secureInbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    const socket = socketOf(connection);
    if (socket === undefined) return await this.#other.secureInbound(connection, options);
    const muxers = this.#components.upgrader.getStreamMuxers();
    const ALPNCallback = ({ protocols }: { readonly protocols: string[] }): string | undefined =>
      protocols.find((name) => muxers.has(name)) ?? protocols.find((name) => name === NO_MUXER);
    const settings = { ...(await this.#settings()), ALPNCallback, isServer: true, requestCert: true };
    await takeOver(connection, socket);
    return await this.#secured(connection, new TLSSocket(socket, settings), options);
  }

  async #settings(): Promise<TLSSocketOptions> {
    this.#context ??= generateCertificate(this.#components.privateKey).then((certificate) =>
      createSecureContext({ ...certificate, ...TLS_VERSIONS }),
    );
    // Self-signed by design: who the peer is, an extension of its certificate says, which is verified below.
    return { secureContext: await this.#context, rejectUnauthorized: false };
  }

  async #secured(
    connection: MessageStream,
    encrypted: TLSSocket,
    options: SecureConnectionOptions | undefined,
  ): Promise<SecuredConnection> {
    try {
      await handshake(encrypted, options?.signal);
      const { raw } = encrypted.getPeerCertificate();
      if (raw === undefined) throw new NiphasError("PolicyDenied", "the peer has shown no certificate");
      const remotePeer = await verifyPeerCertificate(raw, options?.remotePeer, connection.log);
      const streamMuxer = this.#components.upgrader.getStreamMuxers().get(encrypted.alpnProtocol || NO_MUXER);
      const secured = { remotePeer, connection: toMessageStream(connection, encrypted) };
      return streamMuxer === undefined ? secured : { ...secured, streamMuxer };
    } catch (error) {
      encrypted.destroy();
      connection.abort(error instanceof Error ? error : gone());
      throw error;
    }
  }
}

const TLS_VERSIONS = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3" } as const;

/** libp2p's transport keeps it to itself. */
function socketOf(connection: MessageStream): Socket | undefined {
  return "socket" in connection && connection.socket instanceof Socket ? connection.socket : undefined;
}

/** From here on nothing that arrives reaches `connection`; what it has not given to anybody is read again. */
async function takeOver(connection: MessageStream, socket: Socket): Promise<void> {
  const early: Uint8Array[] = [];
  const collect = ({ data }: StreamMessageEvent): void => void early.push(data.subarray());
  socket.pause().removeAllListeners("data");
  connection.addEventListener("message", collect);
  // It tells a new listener what it holds in the next microtask.
  await Promise.resolve();
  connection.removeEventListener("message", collect);
  if (socket.destroyed) throw gone();
  if (early.length > 0) socket.unshift(Buffer.concat(early));
}

async function handshake(encrypted: TLSSocket, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // It is said from within OpenSSL, where nothing may be destroyed: that would crash the process.
  encrypted.once("secure", () => setImmediate(resolve));
  // For its whole life: an error without a listener would end the process.
  encrypted.on("error", reject).once("close", () => reject(gone()));
  // The peer sends nothing more, or what nobody can read: Node.js alone would keep the connection while it has to write.
  encrypted.once("end", () => endSoon(encrypted)).once("_tlsError", () => endSoon(encrypted));
  await (signal === undefined ? promise : untilAborted(promise, signal));
}

/** Not from within OpenSSL: see {@link handshake}. */
function endSoon(encrypted: TLSSocket): void {
  setImmediate(() => encrypted.destroy());
}

function gone(): NiphasError {
  return new NiphasError("SubstituterUnavailable", "the peer has gone");
}
