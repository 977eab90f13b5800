import type { ConnectionGater, PeerId as Libp2pPeerId, MultiaddrConnection } from "@libp2p/interface";
import type { PeerId } from "../../ports.ts";
import { peerIdText } from "../identity/peer-id.ts";
import { HANDSHAKE_BYTES } from "../limits.ts";
import { isReceiving, limitArrival } from "./byte-allowance.ts";

export interface GaterRules {
  isMember(peer: PeerId): boolean;
  /** See {@link AdmissionRules.onAdmitted}. */
  isAdmitted(connection: MultiaddrConnection): boolean;
}

/** Lets members in and out and nobody else, at every place where libp2p asks. */
export function memberGater(rules: GaterRules): ConnectionGater {
  const isStranger = (peerId: Libp2pPeerId): boolean => !rules.isMember(peerIdText(peerId));
  return {
    denyDialPeer: isStranger,
    denyInboundConnection: (connection) => {
      if (isReceiving(connection)) limitArrival(connection, HANDSHAKE_BYTES, () => rules.isAdmitted(connection));
      return false;
    },
    denyOutboundConnection: (peerId, connection) => {
      if (isReceiving(connection)) limitArrival(connection, HANDSHAKE_BYTES, () => rules.isAdmitted(connection));
      return isStranger(peerId);
    },
    denyInboundEncryptedConnection: isStranger,
    denyOutboundEncryptedConnection: isStranger,
    denyInboundUpgradedConnection: isStranger,
    denyOutboundUpgradedConnection: isStranger,
    denyInboundRelayReservation: () => true,
    denyInboundRelayedConnection: () => true,
    denyOutboundRelayedConnection: () => true,
  };
}
