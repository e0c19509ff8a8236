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

/** A time as the clocks of a zone show it, to the minute: `2026-01-02T06:00`. */
export function wallTime(time: string, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit'
  });
  const parts = new Map(format.formatToParts(new Date(time)).map(part => [part.type, part.value]));
  const [year, month, day, hour, minute] = (
    ['year', 'month', 'day', 'hour', 'minute'] as const
  ).map(type => parts.get(type));
  return `${year}-${month}-${day}T${hour}:${minute}`;
}
