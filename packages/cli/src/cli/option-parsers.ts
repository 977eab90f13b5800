import { isNiphasError, NiphasError, parseListenAddress } from "@niphas/core";
import { InvalidArgumentError } from "commander";

/** Makes a parser that throws NiphasError one that commander takes: it names the flag, or the variable. */
export function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (isNiphasError(error)) throw new InvalidArgumentError(`It ${error.message}`);
      throw error;
    }
  };
}

/** A name of a Kubernetes object. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export function parseObjectName(text: string): string {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) throw invalid("must be the name of a Kubernetes object");
  return text;
}

/** A label or taint key such as `niphas.io/not-ready`. */
export function parseTaintKey(text: string): string {
  const pattern = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
  if (!pattern.test(text)) throw invalid("must be a key such as niphas.io/not-ready");
  return text;
}

/** An image reference; its parts are the container runtime's business. */
export function parseImage(text: string): string {
  if (!/^\S{1,4096}$/.test(text)) throw invalid("must be an image such as registry.example/niphas/node:0.1.0");
  return text;
}

/** {@link parseListenAddress} where `undefined` cannot be told from a flag that was not given. */
export function parseListenOption(text: string): { readonly address: ReturnType<typeof parseListenAddress> } {
  return { address: parseListenAddress(text) };
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidConfiguration", message);
}
