/** Switches that this browser remembers: sound and desktop notifications. They hold no secret. */
import { useSyncExternalStore } from "react";

const PREFIX = "notify-client:";
export type Setting = "sound" | "desktop";

const watchers = new Set<() => void>();
/** What was chosen here, for browsers whose storage is switched off. */
const chosen = new Map<Setting, boolean>();

export function isOn(setting: Setting): boolean {
  const here = chosen.get(setting);
  if (here !== undefined) return here;
  try {
    return localStorage.getItem(PREFIX + setting) === "on";
  } catch {
    return false; // storage is switched off: nothing was ever chosen
  }
}

export function setSetting(setting: Setting, value: boolean): void {
  chosen.set(setting, value);
  try {
    localStorage.setItem(PREFIX + setting, value ? "on" : "off");
  } catch {
    // Storage is switched off: it holds until the page is left.
  }
  for (const changed of watchers) changed();
}

function watch(changed: () => void): () => void {
  watchers.add(changed);
  return () => watchers.delete(changed);
}

/** A switch and how to turn it; off until somebody turns it on. */
export function useSetting(setting: Setting): [boolean, (value: boolean) => void] {
  const value = useSyncExternalStore(
    watch,
    () => isOn(setting),
    () => false,
  );
  return [value, (next) => setSetting(setting, next)];
}

let audio: AudioContext | undefined;

/** Two short tones, made here: there is no file to load. Silent until the page was touched once. */
export function playTone(isUrgent: boolean): void {
  if (typeof AudioContext === "undefined") return;
  audio ??= new AudioContext();
  if (audio.state === "suspended") void audio.resume();
  const tones = isUrgent ? [880, 660, 880] : [660, 880];
  tones.forEach((pitch, n) => tone(audio as AudioContext, pitch, n * 0.12));
}

function tone(context: AudioContext, pitch: number, after: number): void {
  const start = context.currentTime + after;
  const [oscillator, gain] = [context.createOscillator(), context.createGain()];
  oscillator.frequency.value = pitch;
  gain.gain.setValueAtTime(0.0001, start);
  gain.gain.exponentialRampToValueAtTime(0.12, start + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, start + 0.22);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.24);
}
