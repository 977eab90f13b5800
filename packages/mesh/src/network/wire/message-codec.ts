import { NiphasError } from "@niphas/core";
import protobuf from "protobufjs";
import { findProtoFile } from "./proto-file.ts";

/** The fields of a message as they came, with the proto file's names in camel case and defaults for absent ones. */
export type Fields = Readonly<Record<string, unknown>>;

/** One message of `proto/niphas/mesh/v1.proto`. */
export interface MessageCodec {
  encode(fields: Fields): Uint8Array;
  /** Fields that it does not know are passed over. @throws NiphasError BadBytes */
  decode(bytes: Uint8Array): Fields;
}

const PACKAGE = "niphas.mesh.v1";

/** 64-bit numbers as numbers, where too large ones fail the parsers' test for safe integers. */
const CONVERSION: protobuf.IConversionOptions = { longs: Number, defaults: true, arrays: true, oneofs: true };

let root: protobuf.Root | undefined;

/** @param name as in the proto file, `NarRequest` */
export function messageCodec(name: string): MessageCodec {
  root ??= protobuf.loadSync(findProtoFile("niphas/mesh/v1.proto"));
  const type = root.lookupType(`${PACKAGE}.${name}`);
  return {
    encode: (fields) => type.encode(type.fromObject({ ...fields })).finish(),
    decode: (bytes) => {
      try {
        return type.toObject(type.decode(bytes), CONVERSION);
      } catch (error) {
        throw new NiphasError("BadBytes", "a peer sent a message that cannot be read", { cause: error });
      }
    },
  };
}
