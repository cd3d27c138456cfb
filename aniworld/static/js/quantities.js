// Sizes, speeds and durations in words, the same as the server's filters write them.

const language = document.documentElement.lang || "en";
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

export function size(bytes) {
  let value = Math.max(0, bytes || 0);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit >= 2 && value < 99.95 ? 1 : 0;
  const number = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  return `${number}\u00a0${UNITS[unit]}`;
}

export const speed = (bytes) => `${size(bytes)}/s`;

export const percent = (value) => `${Math.floor(value || 0)}\u00a0%`;

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}\u00a0s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes}\u00a0min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}\u00a0h ${minutes % 60}\u00a0min`;
  return `${Math.floor(hours / 24)}\u00a0d ${hours % 24}\u00a0h`;
}
