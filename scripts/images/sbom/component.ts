/** One piece of software in an image, whatever it was packaged as. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** https://github.com/package-url/purl-spec */
  readonly purl: string;
  /** SPDX expression; undefined when nobody has said it in that form. */
  readonly license: string | undefined;
  readonly supplier: string | undefined;
  /** Of the package as it was downloaded. */
  readonly sha512Hex: string | undefined;
  /** Name in the National Vulnerability Database, for what scanners do not find by purl. */
  readonly cpe: string | undefined;
}
