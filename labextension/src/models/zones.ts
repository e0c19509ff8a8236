const UTC = 'UTC';

/** The time zones there are; browsers leave out the one of the servers. */
export const ZONES: readonly string[] = [
  UTC,
  ...Intl.supportedValuesOf('timeZone').filter(zone => zone !== UTC)
];

/** The time zone of this browser. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || UTC;
}

/** A time zone as it is spelt, however it was typed; null when there is none of that name. */
export function knownZone(text: string): string | null {
  const typed = text.trim().replace(/ /g, '_').toLowerCase();
  const listed = ZONES.find(zone => zone.toLowerCase() === typed);
  if (listed !== undefined) {
    return listed;
  }
  try {
    // Older names of zones are not listed, and work.
    Intl.DateTimeFormat(undefined, { timeZone: text.trim() });
    return text.trim();
  } catch {
    return null;
  }
}
