/**
 * What can go wrong, by whose fault it is. Codes are stable; wording is not part of the interface.
 *
 * - {@link PeerError}: the peer broke a rule. Answered on the wire with `status`; never thrown at the embedding program.
 * - {@link UsageError}: the embedding program broke a rule. Thrown at once, at the call.
 * - {@link ModuleError}: a module or the application threw. `cause` is what it threw.
 * - {@link TransportError}: nothing can be sent any more. `cause` is what the stream said, where it said something.
 */

/** Every fault a peer can commit: the status that answers it (0: none, it is closed), and what is said of it. */
const peerFaults = {
  ERR_TURNOUT_METHOD: [400, "the method is not a token"],
  ERR_TURNOUT_TARGET: [400, "the request target is malformed"],
  ERR_TURNOUT_TARGET_TOO_LONG: [414, "the request target is longer than the limit"],
  ERR_TURNOUT_VERSION: [400, "the protocol version is malformed"],
  ERR_TURNOUT_VERSION_UNSUPPORTED: [505, "the major version of HTTP is not 1"],
  ERR_TURNOUT_LINE_END: [400, "a line of the head does not end in CRLF"],
  ERR_TURNOUT_FIELD_NAME: [400, "a field name is not a token that a colon follows directly"],
  ERR_TURNOUT_FIELD_VALUE: [400, "a field value has a control byte"],
  ERR_TURNOUT_FIELD_FOLDED: [400, "a field is folded over several lines"],
  ERR_TURNOUT_HEAD_TOO_LARGE: [431, "the head is larger than the limit"],
  ERR_TURNOUT_TOO_MANY_FIELDS: [431, "the head has more fields than the limit"],
  ERR_TURNOUT_HOST: [400, "the Host field is missing, repeated or malformed"],
  ERR_TURNOUT_CONTENT_LENGTH: [400, "Content-Length is not one decimal number"],
  ERR_TURNOUT_TRANSFER_ENCODING: [400, "Transfer-Encoding does not frame the content"],
  ERR_TURNOUT_TRANSFER_CODING: [501, "a transfer coding is not implemented"],
  ERR_TURNOUT_FRAMING: [400, "Content-Length and Transfer-Encoding contradict each other"],
  ERR_TURNOUT_LENGTH_REQUIRED: [411, "an HTTP/1.0 request with content has to give its length"],
  ERR_TURNOUT_CHUNK: [400, "the chunked framing is malformed"],
  ERR_TURNOUT_CHUNK_TOO_LARGE: [400, "a chunk's size line is longer or larger than the limit"],
  ERR_TURNOUT_TRAILER: [400, "the trailer section is malformed"],
  ERR_TURNOUT_TRAILER_TOO_LARGE: [431, "the trailer section is larger than the limit"],
  ERR_TURNOUT_CONTENT_TOO_LARGE: [413, "the content is larger than the limit"],
  ERR_TURNOUT_CONTENT_INCOMPLETE: [400, "the connection ended within the content"],
  ERR_TURNOUT_EXPECTATION: [417, "the expectation is not 100-continue"],
  ERR_TURNOUT_CONNECT: [501, "CONNECT is not implemented"],
  ERR_TURNOUT_HEAD_TIMEOUT: [408, "the head did not arrive in time"],
  ERR_TURNOUT_BODY_TIMEOUT: [408, "the content did not arrive in time"],
  ERR_TURNOUT_PROXY_MISSING: [0, "a trusted proxy did not begin with a PROXY header"],
  ERR_TURNOUT_PROXY_MALFORMED: [0, "the PROXY header is malformed"],
  ERR_TURNOUT_PROXY_TOO_LARGE: [0, "the PROXY header is larger than the limit"],
  ERR_TURNOUT_PROXY_CHECKSUM: [0, "the checksum of the PROXY header is wrong"],
  ERR_TURNOUT_PROXY_TIMEOUT: [0, "the PROXY header did not arrive in time"],
} as const;

/** The code of a {@link PeerError} that the core makes. */
export type PeerErrorCode = keyof typeof peerFaults;

/**
 * The peer's fault. A module makes its own for its protocol's rules, and tells them by `transport.report`.
 */
export class PeerError extends Error {
  override readonly name = "PeerError";
  readonly code: PeerErrorCode | (string & Record<never, never>);
  /** What the peer is answered: an HTTP status, or what a module's protocol has instead, such as a Close code; 0: nothing. */
  readonly status: number;

  constructor(code: PeerErrorCode);
  constructor(code: string, status: number, message: string);
  constructor(code: string, status?: number, message?: string) {
    const [ownStatus, ownMessage] = peerFaults[code as PeerErrorCode] ?? [status, message];
    super(message ?? ownMessage);
    this.code = code;
    this.status = status ?? ownStatus;
  }
}

/** All codes with the status that each is answered with (0: none), for documentation and tests. */
export function peerErrorStatuses(): Record<PeerErrorCode, number> {
  return Object.fromEntries(Object.entries(peerFaults).map(([code, [status]]) => [code, status])) as Record<
    PeerErrorCode,
    number
  >;
}

/** The code of a {@link UsageError}. */
export type UsageErrorCode =
  | "ERR_TURNOUT_OPTION" // an option's value is out of range or of the wrong kind
  | "ERR_TURNOUT_TOKEN" // a module's token is malformed
  | "ERR_TURNOUT_TOKEN_TAKEN" // two modules with one token
  | "ERR_TURNOUT_RESPONSE" // a status, field or body that cannot be sent
  | "ERR_TURNOUT_NOT_OFFERED" // `negotiate` chose a token that the client had not offered
  | "ERR_TURNOUT_DECISION" // `accept` returned something else than a decision
  | "ERR_TURNOUT_STATE" // the call does not fit the state that the object is in
  | "ERR_TURNOUT_CONTRACT"; // a module broke the contract that `turnout/testing` checks

/** The embedding program's fault. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code: UsageErrorCode;

  constructor(code: UsageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The code of a {@link ModuleError}. */
export type ModuleErrorCode =
  | "ERR_TURNOUT_NOT_ANSWERED" // no receipt, a foreign one, or none in time
  | "ERR_TURNOUT_MODULE" // a module threw, or its promise was rejected
  | "ERR_TURNOUT_ACCEPT_TIMEOUT" // `accept` did not decide in time
  | "ERR_TURNOUT_RESPOND"; // the application threw, or gave a response that cannot be sent

/** A module or the application threw; `cause` is what it threw. `module` is the class name, or `"respond"`. */
export class ModuleError extends Error {
  override readonly name = "ModuleError";
  readonly code: ModuleErrorCode;
  readonly module: string;

  constructor(code: ModuleErrorCode, module: string, message: string, options?: ErrorOptions) {
    super(`${module}: ${message}`, options);
    this.code = code;
    this.module = module;
  }
}

/** The code of a {@link TransportError}. */
export type TransportErrorCode =
  | "ERR_TURNOUT_RESET" // the stream failed: a reset, a broken pipe
  | "ERR_TURNOUT_STALLED" // the peer took nothing of what was to be sent for too long
  | "ERR_TURNOUT_CLOSE_TIMEOUT" // the peer did not close its side in time
  | "ERR_TURNOUT_DRAIN_TIMEOUT"; // the server closed, and the grace period is over

/** Nothing can be sent any more. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Any error that Turnout makes. */
export type TurnoutError = PeerError | UsageError | ModuleError | TransportError;

/** Bytes can only ever be the peer's fault: anything else is a defect of ours, and has to be heard of. */
export function asPeerError(error: unknown): PeerError {
  if (error instanceof PeerError) {
    return error;
  }
  throw error;
}
