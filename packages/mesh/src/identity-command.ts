import { isNiphasError, NiphasError, parseDirectory } from "@niphas/core";
import { type Command, Option } from "commander";
import { openMeshStateDirectory } from "./daemon/state-directory.ts";
import { envName, FLAGS } from "./flags.ts";

export interface IdentityCommandContext {
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

interface IdentityFlags {
  readonly stateDir: string;
}

const DESCRIPTION = `Print this machine's peer id, which is named in --members static:; make its key if there is none.

Run it as the user that the daemon runs as, for whose eyes alone the key is. Where systemd gives the daemon its user and
state directory, run it as root: systemd then hands over what is there.`;

/** `niphas mesh id`. Needs no daemon, and does not disturb one. */
export function addIdentityCommand(mesh: Command, context: IdentityCommandContext): void {
  const { flag, argument, defaultText, help } = FLAGS.stateDir;
  const stateDir = new Option(`${flag} ${argument}`, help).env(envName("stateDir")).default(defaultText);
  const id = mesh.command("id").description(DESCRIPTION).allowExcessArguments(false).addOption(stateDir);
  id.action(async () => {
    // As for `status`: commander gives a flag that `niphas mesh` has too to `niphas mesh`.
    const flags = id.optsWithGlobals<IdentityFlags>();
    context.write(`${await peerIdIn(directoryOf(flags.stateDir), context.signal)}\n`);
  });
}

async function peerIdIn(directory: string, signal: AbortSignal): Promise<string> {
  // Loaded only here: libp2p is large.
  const { loadPeerId } = await import("./network/identity/private-key.ts");
  return loadPeerId(openMeshStateDirectory(directory).dir, signal);
}

function directoryOf(text: string): string {
  try {
    return parseDirectory(text);
  } catch (cause) {
    if (!isNiphasError(cause)) throw cause;
    throw new NiphasError("InvalidConfiguration", `${FLAGS.stateDir.flag}: ${cause.message}`, { cause });
  }
}
