/** One end of a connection, as a PROXY header says it: an IP address and a port, or a path of UNIX and no port. */
export interface ProxyAddress {
  readonly address: string;
  readonly port: number | undefined;
}

/** Something that a PROXY header says besides, by its type and its bytes. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Buffer;
}

/** What a proxy says of the TLS that it has spoken with the client (section 2.2.6). */
export interface ProxySsl {
  /** Whether the client has spoken TLS with it. */
  readonly tls: boolean;
  /** Whether the client has shown a certificate, in this connection or in the session that it resumes. */
  readonly certificate: boolean;
  /** Whether there was a certificate, and the proxy has verified it. */
  readonly verified: boolean;
  /** `"TLSv1.3"`, for example. */
  readonly version: string | undefined;
  /** The Common Name of the client's certificate. Says nothing where that is not `verified`. */
  readonly commonName: string | undefined;
  readonly cipher: string | undefined;
  /** By which algorithm the proxy's own certificate is signed. */
  readonly signatureAlgorithm: string | undefined;
  /** By which algorithm the key of the proxy's own certificate was made. */
  readonly keyAlgorithm: string | undefined;
  /** What else is said there, in order. */
  readonly tlvs: readonly ProxyTlv[];
}

/** A header of the PROXY protocol. Whoever sent it is on the allow-list: it is as true as that one is honest. */
export interface ProxyHeader {
  readonly version: 1 | 2;
  /** `"PROXY"`: on behalf of a client. `"LOCAL"`: the proxy's own connection, such as a health check. */
  readonly command: "PROXY" | "LOCAL";
  /** `"STREAM"` such as TCP, or `"DGRAM"` such as QUIC. Undefined where the ends are. */
  readonly transport: "STREAM" | "DGRAM" | undefined;
  /** The client. Undefined where the proxy does not know it: LOCAL, UNKNOWN, UNSPEC. */
  readonly source: ProxyAddress | undefined;
  /** Where the client has connected to. Undefined with `source`. */
  readonly destination: ProxyAddress | undefined;
  /** What ALPN has agreed on between the client and the proxy. */
  readonly alpn: string | undefined;
  /** The host name that the client has asked for, of SNI for one. */
  readonly authority: string | undefined;
  /** The proxy's name of the connection, 128 bytes at most. */
  readonly uniqueId: Buffer | undefined;
  readonly ssl: ProxySsl | undefined;
  /** What else is said, in order: 0x30 the network namespace, 0xE0 to 0xEF what is agreed on between two programs. */
  readonly tlvs: readonly ProxyTlv[];
}

/** A header that says nothing of the client. */
export function silentHeader(version: 1 | 2, command: "PROXY" | "LOCAL"): ProxyHeader {
  return { ...silent, version, command };
}

const silent = {
  transport: undefined,
  source: undefined,
  destination: undefined,
  alpn: undefined,
  authority: undefined,
  uniqueId: undefined,
  ssl: undefined,
  tlvs: [],
} as const;
