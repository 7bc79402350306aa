import { type HttpRequest, type ResponseLike, upgradeRequired } from "turnout";

// IPP, RFC 8010 section 3: tags of groups and of values, and the operations known here.
const group = { operation: 1, job: 2, printer: 4, end: 3 };
const tag = { integer: 0x21, enum: 0x23, name: 0x42, uri: 0x45, charset: 0x47, language: 0x48 };
const operation = { printJob: 0x0002, getPrinterAttributes: 0x000b };

/** Version 1.1, operation or status, request-id. */
const headBytes = 8;

/**
 * A printer that answers Get-Printer-Attributes, and takes a Print-Job, of whose content it tells how many KiB it has. What
 * comes in clear text is answered 426.
 */
export async function printer(request: HttpRequest): Promise<ResponseLike> {
  if (!request.secure) {
    return upgradeRequired("TLS/1.2");
  }
  if (request.method === "OPTIONS") {
    return {};
  }
  const asked = await request.bytes();
  const code = asked.readUInt16BE(2);
  const head = Buffer.from([1, 1, 0, 0, ...asked.subarray(4, headBytes)]);
  if (code === operation.getPrinterAttributes) {
    return ipp(head, Buffer.of(group.printer), text(tag.name, "printer-name", "turnout"));
  }
  if (code !== operation.printJob) {
    head.writeUInt16BE(0x0501, 2); // server-error-operation-not-supported
    return ipp(head);
  }
  // Every attribute of the request is short; what the document begins with is found behind the last of them.
  const document = asked.length - asked.indexOf(documentMark);
  return ipp(
    head,
    Buffer.of(group.job),
    text(tag.uri, "job-uri", `ipp://${request.host}/jobs/1`),
    number(tag.integer, "job-id", 1),
    number(tag.enum, "job-state", 9), // completed
    number(tag.integer, "job-k-octets", document / 1024),
  );
}

/** What a document has to begin with, that its length can be told. */
export const documentMark = "%turnout\n";

function ipp(head: Buffer, ...attributes: readonly Buffer[]): ResponseLike {
  const body = Buffer.concat([
    head,
    Buffer.of(group.operation),
    text(tag.charset, "attributes-charset", "utf-8"),
    text(tag.language, "attributes-natural-language", "en"),
    ...attributes,
    Buffer.of(group.end),
  ]);
  return { headers: { "Content-Type": "application/ipp" }, body };
}

function text(type: number, name: string, value: string): Buffer {
  return attribute(type, name, Buffer.from(value));
}

function number(type: number, name: string, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return attribute(type, name, bytes);
}

function attribute(type: number, name: string, value: Buffer): Buffer {
  const sized = (bytes: Buffer): Buffer[] => [Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes];
  return Buffer.concat([Buffer.of(type), ...sized(Buffer.from(name)), ...sized(value)]);
}
