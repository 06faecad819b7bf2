const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

/** Bytes for a reader: `812 bytes`, `3.4 MB`. */
export function sizeText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${unit === 0 ? bytes : (bytes / 1000 ** unit).toFixed(1)} ${UNITS[unit]}`;
}
