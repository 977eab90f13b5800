import { Resolver } from "node:dns/promises";
import { NiphasError, systemErrorCode } from "@niphas/core";

/** The addresses of a name. */
export interface AddressResolver {
  /**
   * All IPv4 and IPv6 addresses, at least one.
   * @throws NiphasError SubstituterUnavailable when no server answers, or none knows an address
   */
  resolve(name: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** Each server is asked twice. */
const QUERY = { timeout: 1_000, tries: 2 };
/** What servers answer when there is no address of one family. */
const NOTHING = ["ENODATA", "ENOTFOUND"];

/** Asks the machine's DNS servers: no hosts file, no search domains, and no cache but theirs. */
export class DnsAddressResolver implements AddressResolver {
  readonly #servers: readonly string[] | undefined;

  /** @param init.servers `address` or `address:port` each. @default those of the machine */
  constructor(init: { readonly servers?: readonly string[] } = {}) {
    this.#servers = init.servers;
  }

  async resolve(name: string, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    // Anew each time: the machine may be on another network by now.
    const resolver = new Resolver(QUERY);
    if (this.#servers !== undefined) resolver.setServers(this.#servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const families = await Promise.all([orNothing(resolver.resolve4(name)), orNothing(resolver.resolve6(name))]);
      const addresses = families.flat();
      if (addresses.length === 0) throw new NiphasError("SubstituterUnavailable", "the DNS name has no addresses");
      return addresses;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NiphasError) throw error;
      const message = `the DNS name cannot be looked up (${systemErrorCode(error) ?? "unknown reason"})`;
      throw new NiphasError("SubstituterUnavailable", message, { cause: error });
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }
}

async function orNothing(query: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await query;
  } catch (error) {
    if (NOTHING.includes(systemErrorCode(error) ?? "")) return [];
    throw error;
  }
}
