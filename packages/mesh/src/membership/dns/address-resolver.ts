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

/** What one family has; the error when it cannot be known, which matters only when the other has nothing either. */
type Family = readonly string[] | Error;

/** Asks the machine's DNS servers: no hosts file, no search domains, and no cache but theirs. */
export class DnsAddressResolver implements AddressResolver {
  readonly #servers: readonly string[] | undefined;
  /** Families that have had addresses, each with the name. */
  readonly #used = new Set<string>();

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
      const families = await Promise.all([
        this.#family(`A ${name}`, resolver.resolve4(name)),
        this.#family(`AAAA ${name}`, resolver.resolve6(name)),
      ]);
      return addressesOf(families);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NiphasError) throw error;
      const message = `the DNS name cannot be looked up (${systemErrorCode(error) ?? "unknown reason"})`;
      throw new NiphasError("SubstituterUnavailable", message, { cause: error });
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /** Some servers fail when asked for IPv6. A family that was of use has to answer: else its members would seem to have left. */
  async #family(family: string, query: Promise<readonly string[]>): Promise<Family> {
    try {
      const addresses = await query;
      this.#used.add(family);
      return addresses;
    } catch (error) {
      if (NOTHING.includes(systemErrorCode(error) ?? "")) return [];
      if (this.#used.has(family) || !(error instanceof Error)) throw error;
      return error;
    }
  }
}

function addressesOf(families: readonly Family[]): readonly string[] {
  const addresses = families.flatMap((family) => (family instanceof Error ? [] : family));
  if (addresses.length > 0) return addresses;
  for (const family of families) if (family instanceof Error) throw family;
  throw new NiphasError("SubstituterUnavailable", "the DNS name has no addresses");
}
