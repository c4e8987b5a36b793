/** Narrows the list: search, type, priority, source, tag, subscribed. */
import { useEffect, useId, useRef, useState, type MouseEvent } from "react";
import type { Filters } from "../core/types";
import { PRIORITIES, type Priority } from "../generated/wire";
import { useNotifications } from "../react/hooks";
import { Icon } from "./Icon";
import { rootProps, typeName, useUi } from "./ui";

const SEARCH_AFTER_MS = 250;
const ALL: Filters = {};

export interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

export function FilterBar({ filters, onChange }: FilterBarProps) {
  const ui = useUi();
  const { l } = ui;
  const held = useNotifications(ALL).notifications;
  const distinct = (values: (string | null | undefined)[]) =>
    [...new Set(values.filter(Boolean) as string[])].sort();
  const set = (changed: Filters) => onChange({ ...filters, ...changed });
  /** The button goes with the filters: the focus does not. */
  function clear(event: MouseEvent): void {
    event.currentTarget.parentElement?.querySelector("input")?.focus();
    onChange({});
  }
  const isNarrowed = Object.values(filters).some(Boolean);
  return (
    <div {...rootProps(ui, "nt-filters")} role="group" aria-label={l.filters}>
      <Search value={filters.q ?? ""} onChange={(q) => set({ q: q || undefined })} />
      <Select
        label={l.type}
        value={filters.type}
        options={distinct([filters.type, ...held.map((item) => item.type)]).map((type) => [
          type,
          typeName(l.types, type),
        ])}
        onChange={(type) => set({ type })}
      />
      <Select
        label={l.priority}
        value={filters.min_priority}
        options={PRIORITIES.slice(1).map((name) => [name, l.atLeast(l.priorities[name])])}
        onChange={(name) => set({ min_priority: name as Priority | undefined })}
      />
      <Select
        label={l.source}
        value={filters.source}
        options={distinct([filters.source, ...held.map((item) => item.source)]).map((one) => [
          one,
          one.replaceAll("_", " "),
        ])}
        onChange={(source) => set({ source })}
      />
      <Select
        label={l.tag}
        value={filters.tag}
        options={distinct([filters.tag, ...held.flatMap((item) => item.tags ?? [])]).map((one) => [one, one])}
        onChange={(tag) => set({ tag })}
      />
      <label className="nt-box">
        <input
          type="checkbox"
          checked={filters.subscribed ?? false}
          onChange={(event) => set({ subscribed: event.target.checked || undefined })}
        />
        {l.subscribedOnly}
      </label>
      {isNarrowed && (
        <button type="button" className="nt-button" onClick={clear}>
          {l.clearFilters}
        </button>
      )}
    </div>
  );
}

function Search({ value, onChange }: { value: string; onChange: (words: string) => void }) {
  const { l } = useUi();
  const [words, setWords] = useState(value);
  const change = useRef(onChange);
  useEffect(() => {
    change.current = onChange;
  });
  useEffect(() => setWords(value), [value]);
  useEffect(() => {
    if (words === value) return;
    const timer = setTimeout(() => change.current(words), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [words, value]);
  return (
    <label className="nt-search">
      <Icon name="search" />
      <input
        type="search"
        value={words}
        placeholder={l.search}
        aria-label={l.search}
        maxLength={200}
        onChange={(event) => setWords(event.target.value)}
      />
    </label>
  );
}

interface SelectProps {
  label: string;
  value: string | undefined;
  options: readonly (readonly [string, string])[];
  onChange: (value: string | undefined) => void;
}

function Select({ label, value, options, onChange }: SelectProps) {
  const { l } = useUi();
  const id = useId();
  if (options.length === 0) return null;
  return (
    <div className="nt-select">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)}>
        <option value="">{l.any}</option>
        {options.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
