/** The longest that one talk may take. */
const patienceMs = 20_000;

/** Does some work, and rejects when it takes too long, so that what was started for it can be ended. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  let impatient: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    impatient = setTimeout(() => reject(new Error(`not done after ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([work(), tooLong]);
  } finally {
    clearTimeout(impatient);
  }
}
