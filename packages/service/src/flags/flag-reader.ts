import { CACHE_NIXOS_ORG_KEY, NiphasError, parseTrustedKey, type TrustedKey } from "@niphas/core";
import { type FlagTable, nameFlag, type RawOptions } from "./flag-table.ts";

/**
 * The values of a command's flags; what is missing gets its default. All methods throw NiphasError InvalidConfiguration,
 * which names the flag, its variable and what is allowed.
 */
export class FlagReader<Name extends string> {
  readonly #commandName: string;
  readonly #table: FlagTable<Name>;
  readonly #raw: RawOptions<Name>;

  constructor(commandName: string, table: FlagTable<Name>, raw: RawOptions<Name>) {
    this.#commandName = commandName;
    this.#table = table;
    this.#raw = raw;
  }

  read<T>(name: Name, parse: (text: string) => T): T {
    return this.#named(name, () => parse(this.#text(name)));
  }

  /** Undefined when it is not given, whatever its default. */
  readOptional<T>(name: Name, parse: (text: string) => T): T | undefined {
    return this.#given(name) === undefined ? undefined : this.read(name, parse);
  }

  readList<T>(name: Name, parse: (text: string) => T): readonly T[] {
    return this.#named(name, () => this.#list(name).map(parse));
  }

  /** cache.nixos.org's key is one of them unless the operator says no. */
  readTrustedKeys(name: Name): readonly TrustedKey[] {
    const added = this.#raw.defaultKey === false ? [] : [CACHE_NIXOS_ORG_KEY];
    return this.#named(name, () => [...new Set([...this.#list(name), ...added])].map(parseTrustedKey));
  }

  #text(name: Name): string {
    const value = this.#given(name) ?? this.#table[name].defaultText;
    if (typeof value === "string") return value;
    throw new NiphasError("InvalidConfiguration", `is missing: ${this.#table[name].help}`);
  }

  #list(name: Name): readonly string[] {
    const value = this.#given(name) ?? this.#table[name].defaultText ?? [];
    return typeof value === "string" ? [value] : value;
  }

  #given(name: Name): string | readonly string[] | undefined {
    return this.#raw[name];
  }

  #named<T>(name: Name, parse: () => T): T {
    return nameFlag(this.#commandName, this.#table[name], parse);
  }
}
