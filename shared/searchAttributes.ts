/**
 * What laps can be searched by in the Web UI. The set-up registers them, workflows upsert them. All are keywords: a
 * SQLite server has room for 10 of that type.
 */
export const SEARCH_ATTRIBUTES = ['FlywheelRun', 'FlywheelLap', 'FlywheelPreset', 'FlywheelPhase'] as const;
export type SearchAttributeName = (typeof SEARCH_ATTRIBUTES)[number];
