/** One member of an Accept field (RFC 9110 section 12.5.1). */
interface Wanted {
  readonly type: string;
  readonly quality: number;
}

/**
 * Whether a page of HTML is wanted rather than plain text: only where `text/html` is asked for by its name, as browsers do,
 * and plain text is not asked for more. Whoever takes anything, as curl does, gets text.
 */
export function wantsHtml(accept: string | undefined): boolean {
  const wanted = (accept ?? "").split(",").map(wantedOf);
  const qualityOf = (type: string): number => wanted.find((one) => one.type === type)?.quality ?? 0;
  const html = qualityOf("text/html");
  return html > 0 && html >= qualityOf("text/plain");
}

function wantedOf(member: string): Wanted {
  const [type = "", ...parameters] = member.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
  return { type, quality: /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0 };
}
