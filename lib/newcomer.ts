import type { Connection } from "./connection.ts";

/**
 * How long the server waits, when it closes, for the first bytes of a connection that has just been made. They are under way,
 * as a rule, and where they are not answered the client cannot know whether it may ask again (RFC 9112 section 9.3.1).
 */
const newcomerMs = 500;

/** The server closes: what the connection has to say first has to come soon. */
export function hasten(connection: Connection): void {
  const { deadline, context } = connection;
  connection.deadline = Math.min(deadline, context.clock.in(newcomerMs));
}
