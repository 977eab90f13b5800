import { noise } from "@chainsafe/libp2p-noise";
import type { ConnectionEncrypter, ConnectionGater, Libp2p, MessageStream, PrivateKey } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import type { TLSComponents } from "@libp2p/tls";
import { createLibp2p } from "libp2p";
import { MAX_STRETCH } from "../../fair-time/fair-clock.ts";
import { AdmissionEncrypter, type AdmissionRules } from "../admission/admission-encrypter.ts";
import { socketTls } from "../admission/socket-tls.ts";
import { CONNECTION_LIMITS } from "../limits.ts";
import { guardedYamux } from "../muxer/guarded-yamux.ts";
import { Farewell } from "./farewell.ts";
import { tcpAddress } from "./member-address.ts";
import { silentLogger } from "./silent-logger.ts";

/** `tls` is native code and comes first. */
export type Encryption = "tls" | "noise";

export interface Libp2pNodeInit {
  readonly privateKey: PrivateKey;
  readonly listen: { readonly host: string; readonly port: number };
  readonly encryptions: readonly Encryption[];
  readonly admission: AdmissionRules;
  readonly gater: ConnectionGater;
}

type EncrypterComponents = Parameters<ReturnType<typeof noise>>[0] & TLSComponents;
type EncrypterFactory = (components: EncrypterComponents) => ConnectionEncrypter;

const ENCRYPTERS: Readonly<Record<Encryption, EncrypterFactory>> = {
  tls: socketTls(),
  noise: noise(),
};

export interface NodeParts {
  readonly libp2p: Libp2p;
  readonly farewell: Farewell;
}

/** A libp2p node that is not started, with every limit of limits.ts and without any of libp2p's own services. */
export async function createNode(init: Libp2pNodeInit): Promise<NodeParts> {
  const below = new WeakMap<MessageStream, MessageStream>();
  const farewell = new Farewell();
  const rules: AdmissionRules = {
    ...init.admission,
    onAdmitted: (plain, encrypted) => {
      below.set(encrypted, plain);
      init.admission.onAdmitted(plain, encrypted);
    },
  };
  const libp2p = await createLibp2p({
    start: false,
    logger: silentLogger(),
    privateKey: init.privateKey,
    addresses: { listen: [tcpAddress(init.listen.host, init.listen.port)] },
    transports: [tcp(TCP_OPTIONS)],
    connectionEncrypters: init.encryptions.map((name) => admissionEncrypter(ENCRYPTERS[name], rules)),
    streamMuxers: [
      guardedYamux(
        (encrypted) => below.get(encrypted),
        (plain, muxer) => farewell.watch(plain, muxer),
      ),
    ],
    connectionGater: init.gater,
    connectionManager: CONNECTION_MANAGER_OPTIONS,
    // It would open a stream to each peer every 10 s; our RPC stream has a heartbeat.
    connectionMonitor: { enabled: false },
  });
  return { libp2p, farewell };
}

function admissionEncrypter(inner: EncrypterFactory, rules: AdmissionRules): EncrypterFactory {
  return (components) => new AdmissionEncrypter(inner(components), rules);
}

const TCP_OPTIONS = {
  inboundSocketInactivityTimeout: CONNECTION_LIMITS.inactivityTimeoutMs,
  outboundSocketInactivityTimeout: CONNECTION_LIMITS.inactivityTimeoutMs,
  maxConnections: CONNECTION_LIMITS.maxConnections + CONNECTION_LIMITS.maxIncomingPendingConnections,
  backlog: CONNECTION_LIMITS.listenBacklog,
};

/** The time-outs of what we begin: ours, by a fair clock that may be so much slower, come before libp2p's own. */
const { dialTimeoutMs, protocolNegotiationTimeoutMs } = CONNECTION_LIMITS;
const LONGEST_DIAL_MS = dialTimeoutMs * MAX_STRETCH;
const LONGEST_NEGOTIATION_MS = protocolNegotiationTimeoutMs * MAX_STRETCH;

const CONNECTION_MANAGER_OPTIONS = {
  maxConnections: CONNECTION_LIMITS.maxConnections,
  maxIncomingPendingConnections: CONNECTION_LIMITS.maxIncomingPendingConnections,
  inboundConnectionThreshold: CONNECTION_LIMITS.inboundConnectionThreshold,
  maxParallelDials: CONNECTION_LIMITS.maxParallelDials,
  maxDialQueueLength: CONNECTION_LIMITS.maxDialQueueLength,
  maxPeerAddrsToDial: CONNECTION_LIMITS.maxPeerAddrsToDial,
  dialTimeout: LONGEST_DIAL_MS,
  addressDialTimeout: LONGEST_DIAL_MS,
  inboundUpgradeTimeout: CONNECTION_LIMITS.inboundUpgradeTimeoutMs,
  inboundStreamProtocolNegotiationTimeout: LONGEST_NEGOTIATION_MS,
  outboundStreamProtocolNegotiationTimeout: LONGEST_NEGOTIATION_MS,
  connectionCloseTimeout: CONNECTION_LIMITS.connectionCloseTimeoutMs,
  // Membership decides whom to dial again.
  reconnectRetries: 0,
};
