import { NiphasError } from "@niphas/core";
import type { Fields } from "./message-codec.ts";

/** Readers of foreign fields: each gives the one type that is meant, or throws NiphasError BadBytes. */

export function bytesField(fields: Fields, name: string): Uint8Array {
  const value = fields[name];
  if (value instanceof Uint8Array) return value;
  // protobufjs' default for absent bytes.
  if (Array.isArray(value) && value.length === 0) return new Uint8Array();
  throw badField();
}

export function fixedBytesField(fields: Fields, name: string, sizeBytes: number): Uint8Array {
  const value = bytesField(fields, name);
  if (value.byteLength !== sizeBytes) throw badField();
  return value;
}

export function textField(fields: Fields, name: string, maxLength: number): string {
  const value = fields[name];
  if (typeof value !== "string" || value.length > maxLength) throw badField();
  return value;
}

export function textsField(fields: Fields, name: string, limits: { maxCount: number; maxLength: number }): string[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > limits.maxCount) throw badField();
  return value.map((text: unknown) => textField({ text }, "text", limits.maxLength));
}

/** A whole number of at least 0 that JavaScript holds exactly. */
export function countField(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw badField();
  return value;
}

export function countsField(fields: Fields, name: string, maxCount: number): number[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > maxCount) throw badField();
  return value.map((count: unknown) => countField({ count }, "count"));
}

export function flagField(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== "boolean") throw badField();
  return value;
}

/** The member of a oneof that is set, and its fields. */
export function choiceField(fields: Fields, oneof: string): { readonly name: string; readonly fields: Fields } {
  const name = fields[oneof];
  if (typeof name !== "string") throw badField();
  return { name, fields: messageField(fields, name) };
}

export function messageField(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (!isFields(value)) throw badField();
  return value;
}

export function badField(): NiphasError {
  return new NiphasError("BadBytes", "a peer sent a message with a field that makes no sense");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
