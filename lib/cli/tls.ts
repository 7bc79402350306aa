import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { selfSigned } from "turnout";
import { TlsProtocol } from "turnout/tls";
import type { CommandLine } from "./options.ts";

/** TLS, and how its certificate is known. */
export interface Tls {
  readonly protocol: TlsProtocol;
  /** The SHA-256 of the certificate, in hexadecimal with colons. */
  readonly fingerprint: string;
}

/** With the files that the command line names, or self-signed. Throws where one of them cannot be used. */
export function makeTls({ cert: certFile, key: keyFile, saveCert }: CommandLine): Tls {
  const { cert, key } =
    certFile === "" ? selfSigned() : { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  const { fingerprint256: fingerprint } = namely(`${certFile} is no certificate`, () => new X509Certificate(cert));
  namely(`${keyFile} is no private key`, () => createPrivateKey(key));
  if (saveCert !== "") {
    writeFileSync(saveCert, cert);
  }
  return { protocol: new TlsProtocol({ cert, key }), fingerprint };
}

/** What `read` gives; OpenSSL's own words for what is wrong say less than `otherwise`. */
function namely<T>(otherwise: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(otherwise, { cause });
  }
}
